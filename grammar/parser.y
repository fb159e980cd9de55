/* Tokens to the syntax tree, by ast_* constructors only. The grammar is LALR(1) without conflicts; the rules are also the
 * reference grammar of docs/language.md.
 *
 * After an error the parser goes on at the next `;` or `}`, or parses the next `{ ... }` as the body that it most likely is. */
%code requires {
#include "grammar/scan.h"
}
%{
#include "config.h"

#include "grammar/parser.h"
#include "grammar/front.h"

#include <limits.h>
#include <string.h>

#define YYMAXDEPTH 4000 /* symbols on the stack; deeper trees are refused by AST_MAX_DEPTH anyhow */

#define YYLLOC_DEFAULT(current, rhs, n)                       \
    do {                                                      \
        if (n) {                                              \
            (current).from = YYRHSLOC(rhs, 1).from;           \
            (current).to = YYRHSLOC(rhs, n).to;               \
            (current).doc = YYRHSLOC(rhs, 1).doc;             \
            if (!(current).doc && (n) > 1)                    \
                (current).doc = YYRHSLOC(rhs, 2).doc;         \
        } else {                                              \
            (current).from = (current).to = YYRHSLOC(rhs, 0).to; \
            (current).doc = NULL;                             \
        }                                                     \
    } while (0)

static void front_yyerror(const YYLTYPE *place, struct front *f, void *scanner, const char *message);

#define SPAN(place) front_span(f, (place))
#define NAME_AT(name, place) ((struct ast_name){(name), SPAN(place)})

static struct ast_target target(struct front *f, const char *name, struct front_place at)
{
    return (struct ast_target){{name, front_span(f, at)}, f->module->n_ids++};
}

static struct ast_expr *binary(struct front *f, struct front_place at, enum ast_operator op, struct front_place op_at,
                               struct ast_expr *left, struct ast_expr *right)
{
    return front_shallow(f, ast_binary(f->arena, front_span(f, at), op, front_span(f, op_at), left, right));
}
%}

%define api.pure full
%define api.prefix {front_yy}
%define api.location.type {struct front_place}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%parse-param {struct front *f} {void *scanner}
%lex-param {struct front *f} {void *scanner}

%union {
    const char *text;
    struct text path;
    struct ast_expr *expr;
    struct ast_exprs exprs;
    struct ast_arg arg;
    struct ast_args args;
    struct ast_target target;
    struct ast_targets targets;
    struct ast_clauses clauses;
    struct ast_annotation annotation;
    struct ast_annotations annotations;
    struct ast_type type;
    struct ast_types types;
    struct ast_param param;
    struct ast_params params;
    struct ast_stmt *stmt;
    struct ast_body body;
    struct ast_block *block;
}

%token START_MODULE "start of file" START_DEFINE "start of definition"
%token IMPORT "`import`" AS "`as`" CONST "`const`" NETWORK "`network`" BLOCK "`block`" INPUT "`input`" OUTPUT "`output`"
%token TRAIN "`train`" PRIVATE "`private`" FOR "`for`" IN "`in`" IF "`if`" THEN "`then`" ELSE "`else`" RETURN "`return`"
%token AND "`and`" OR "`or`" NOT "`not`" TRUE "`true`" FALSE "`false`"
%token PIPE "`|>`" ARROW "`->`" RANGE "`..`" POWER "`**`" EQ "`==`" NE "`!=`" LE "`<=`" GE "`>=`"
%token '(' "`(`" ')' "`)`" '[' "`[`" ']' "`]`" '{' "`{`" '}' "`}`" ',' "`,`" ';' "`;`" ':' "`:`" '.' "`.`" '@' "`@`" '=' "`=`"
%token '+' "`+`" '-' "`-`" '*' "`*`" '/' "`/`" '%' "`%`" '<' "`<`" '>' "`>`"
%token YYEOF 0 "end of file"
%token <text> NAME "name"
%token <expr> NUMBER "number" STRING "string"

%type <expr> expr pipe op annotated postfix primary
%type <exprs> items exprs
%type <arg> arg
%type <args> args some_args settings
%type <target> target
%type <targets> targets
%type <clauses> clauses
%type <annotation> annotation
%type <annotations> annotations
%type <type> type
%type <types> types returns
%type <param> param
%type <params> params some_params
%type <stmt> stmt if_stmt
%type <body> body stmts
%type <block> header
%type <path> path
%type <text> section setting_name

%left OR
%left AND
%precedence NOT
%nonassoc EQ NE '<' LE '>' GE IN
%nonassoc RANGE
%left '+' '-'
%left '*' '/' '%'
%precedence NEGATE
%right POWER

%%

start:
    START_MODULE declarations
  | START_DEFINE NAME '=' expr { *f->define = (struct ast_define){.name = NAME_AT($2, @2), .value = $4}; }

/* ---- declarations ---- */

declarations:
    %empty
  | declarations declaration

declaration:
    import
  | CONST target '=' expr ';' {
        struct ast_constant *c = ARENA_NEW(f->arena, struct ast_constant);
        *c = (struct ast_constant){$2, $4, @1.doc};
        vec_push(f->arena, &f->module->constants, c);
    }
  | annotations header body {
        $2->annotations = $1;
        $2->doc = $1.n ? @1.doc : @2.doc;
        $2->body = $3;
        vec_push(f->arena, &f->module->blocks, $2);
    }
  | error ';' { yyerrok; }
  | error body { yyerrok; }
  | error '}' { yyerrok; }

import:
    IMPORT path ';' {
        struct ast_import i = {.path = NAME_AT(text_str(&$2), @2), .at = SPAN(@$)};
        struct ast_import *p = ARENA_NEW(f->arena, struct ast_import);
        *p = i;
        vec_push(f->arena, &f->module->imports, p);
    }
  | IMPORT path AS NAME ';' {
        struct ast_import *p = ARENA_NEW(f->arena, struct ast_import);
        *p = (struct ast_import){.path = NAME_AT(text_str(&$2), @2), .alias = NAME_AT($4, @4), .at = SPAN(@$)};
        vec_push(f->arena, &f->module->imports, p);
    }
  | IMPORT path '{' targets '}' ';' {
        struct ast_import *p = ARENA_NEW(f->arena, struct ast_import);
        *p = (struct ast_import){.path = NAME_AT(text_str(&$2), @2), .selective = true, .names = $4, .at = SPAN(@$)};
        vec_push(f->arena, &f->module->imports, p);
    }

path:
    NAME { $$ = text_new(f->arena); text_add_bytes(&$$, $1, strlen($1)); }
  | path '.' NAME { $$ = $1; text_add_bytes(&$$, ".", 1); text_add_bytes(&$$, $3, strlen($3)); }

header:
    NETWORK target params returns {
        $$ = ARENA_NEW(f->arena, struct ast_block);
        *$$ = (struct ast_block){.is_network = true, .target = $2, .params = $3, .has_returns = $4.n > 0, .returns = $4, .at = SPAN(@$)};
    }
  | BLOCK target params returns {
        $$ = ARENA_NEW(f->arena, struct ast_block);
        *$$ = (struct ast_block){.target = $2, .params = $3, .has_returns = $4.n > 0, .returns = $4, .at = SPAN(@$)};
    }

params:
    %empty { $$ = (struct ast_params){0}; }
  | '(' ')' { $$ = (struct ast_params){0}; }
  | '(' some_params ')' { $$ = $2; }
  | '(' some_params ',' ')' { $$ = $2; }

some_params:
    param { $$ = (struct ast_params){0}; vec_push(f->arena, &$$, $1); }
  | some_params ',' param { $$ = $1; vec_push(f->arena, &$$, $3); }

param:
    target { $$ = (struct ast_param){.target = $1, .doc = @1.doc}; }
  | target '=' expr { $$ = (struct ast_param){.target = $1, .value = $3, .doc = @1.doc}; }
  | target ':' type { $$ = (struct ast_param){.target = $1, .type = $3, .doc = @1.doc}; }
  | target ':' type '=' expr { $$ = (struct ast_param){.target = $1, .type = $3, .value = $5, .doc = @1.doc}; }

returns:
    %empty { $$ = (struct ast_types){0}; }
  | ARROW type { $$ = (struct ast_types){0}; vec_push(f->arena, &$$, $2); }
  | ARROW '(' types ')' { $$ = $3; }

types:
    type { $$ = (struct ast_types){0}; vec_push(f->arena, &$$, $1); }
  | types ',' type { $$ = $1; vec_push(f->arena, &$$, $3); }

type:
    NAME { $$ = (struct ast_type){.name = NAME_AT($1, @1), .at = SPAN(@$)}; }
  | BLOCK { $$ = (struct ast_type){.name = NAME_AT("block", @1), .at = SPAN(@$)}; }
  | NAME '[' items ']' { $$ = (struct ast_type){.name = NAME_AT($1, @1), .has_args = true, .args = $3, .at = SPAN(@$)}; }

annotations:
    %empty { $$ = (struct ast_annotations){0}; }
  | annotations annotation { $$ = $1; vec_push(f->arena, &$$, $2); }

annotation:
    '@' NAME { $$ = (struct ast_annotation){.name = NAME_AT($2, @2), .at = SPAN(@$)}; }
  | '@' NAME '(' args ')' { $$ = (struct ast_annotation){NAME_AT($2, @2), $4, SPAN(@$)}; }

/* ---- statements ---- */

body:
    '{' stmts '}' { $$ = $2; $$.span = SPAN(@$); }
  | '{' stmts error '}' { $$ = $2; $$.span = SPAN(@$); yyerrok; }

stmts:
    %empty { $$ = (struct ast_body){0}; }
  | stmts stmt { $$ = $1; if ($2) vec_push(f->arena, &$$, $2); }

stmt:
    targets '=' expr ';' {
        $$ = ast_stmt(f->arena, AST_ASSIGN, SPAN(@$));
        $$->targets = $1;
        $$->value = $3;
        $$ = front_shallow_stmt(f, $$);
    }
  | CONST target '=' expr ';' {
        $$ = ast_stmt(f->arena, AST_CONST, SPAN(@$));
        vec_push(f->arena, &$$->targets, $2);
        $$->value = $4;
        $$ = front_shallow_stmt(f, $$);
    }
  | INPUT target ':' type annotations ';' {
        $$ = ast_stmt(f->arena, AST_INPUT, SPAN(@$));
        vec_push(f->arena, &$$->targets, $2);
        $$->type = $4;
        $$->annotations = $5;
        $$ = front_shallow_stmt(f, $$);
    }
  | OUTPUT target '=' expr ';' {
        $$ = ast_stmt(f->arena, AST_OUTPUT, SPAN(@$));
        vec_push(f->arena, &$$->targets, $2);
        $$->value = $4;
        $$ = front_shallow_stmt(f, $$);
    }
  | FOR targets IN expr body {
        $$ = ast_stmt(f->arena, AST_FOR, SPAN(@$));
        $$->targets = $2;
        $$->value = $4;
        $$->body = $5;
        $$ = front_shallow_stmt(f, $$);
    }
  | if_stmt
  | RETURN exprs ';' {
        $$ = ast_stmt(f->arena, AST_RETURN, SPAN(@$));
        $$->values = $2;
        $$ = front_shallow_stmt(f, $$);
    }
  | NAME ':' annotations body {
        $$ = ast_stmt(f->arena, AST_GROUP, SPAN(@$));
        $$->label = NAME_AT($1, @1);
        $$->annotations = $3;
        $$->body = $4;
        $$ = front_shallow_stmt(f, $$);
    }
  | section '{' settings '}' {
        $$ = ast_stmt(f->arena, AST_SECTION, SPAN(@$));
        $$->label = NAME_AT($1, @1);
        $$->settings = $3;
        $$ = front_shallow_stmt(f, $$);
    }
  | expr ';' {
        $$ = ast_stmt(f->arena, AST_EVALUATE, SPAN(@$));
        $$->value = $1;
        $$ = front_shallow_stmt(f, $$);
    }
  | error ';' { $$ = NULL; yyerrok; }
  | error body { $$ = NULL; yyerrok; }

if_stmt:
    IF expr body {
        $$ = ast_stmt(f->arena, AST_IF_STMT, SPAN(@$));
        $$->value = $2;
        $$->body = $3;
        $$ = front_shallow_stmt(f, $$);
    }
  | IF expr body ELSE body {
        $$ = ast_stmt(f->arena, AST_IF_STMT, SPAN(@$));
        $$->value = $2;
        $$->body = $3;
        $$->otherwise = $5;
        $$ = front_shallow_stmt(f, $$);
    }
  | IF expr body ELSE if_stmt {
        $$ = ast_stmt(f->arena, AST_IF_STMT, SPAN(@$));
        $$->value = $2;
        $$->body = $3;
        vec_push(f->arena, &$$->otherwise, $5);
        $$->otherwise.span = SPAN(@5);
        $$ = front_shallow_stmt(f, $$);
    }

section:
    TRAIN { $$ = "train"; }
  | PRIVATE { $$ = "private"; }

settings:
    %empty { $$ = (struct ast_args){0}; }
  | settings setting_name '=' expr ';' {
        $$ = $1;
        struct ast_arg setting = {NAME_AT($2, @2), $4};
        vec_push(f->arena, &$$, setting);
    }
  | settings error ';' { $$ = $1; yyerrok; }

setting_name:
    NAME
  | NETWORK { $$ = "network"; }

target:
    NAME { $$ = target(f, $1, @1); }

targets:
    target { $$ = (struct ast_targets){0}; vec_push(f->arena, &$$, $1); }
  | targets ',' target { $$ = $1; vec_push(f->arena, &$$, $3); }

/* ---- expressions ---- */

expr:
    pipe
  | IF expr THEN expr ELSE expr { $$ = front_shallow(f, ast_if(f->arena, SPAN(@$), $2, $4, $6)); }

pipe:
    op
  | pipe PIPE annotated { $$ = front_shallow(f, ast_pipe(f->arena, SPAN(@$), $1, $3)); }

op:
    annotated
  | op OR op { $$ = binary(f, @$, AST_OR, @2, $1, $3); }
  | op AND op { $$ = binary(f, @$, AST_AND, @2, $1, $3); }
  | NOT op { $$ = front_shallow(f, ast_unary(f->arena, SPAN(@$), AST_NOT, SPAN(@1), $2)); }
  | op EQ op { $$ = binary(f, @$, AST_EQ, @2, $1, $3); }
  | op NE op { $$ = binary(f, @$, AST_NE, @2, $1, $3); }
  | op '<' op { $$ = binary(f, @$, AST_LT, @2, $1, $3); }
  | op LE op { $$ = binary(f, @$, AST_LE, @2, $1, $3); }
  | op '>' op { $$ = binary(f, @$, AST_GT, @2, $1, $3); }
  | op GE op { $$ = binary(f, @$, AST_GE, @2, $1, $3); }
  | op IN op { $$ = binary(f, @$, AST_IN, @2, $1, $3); }
  | op RANGE op { $$ = binary(f, @$, AST_RANGE, @2, $1, $3); }
  | op '+' op { $$ = binary(f, @$, AST_ADD, @2, $1, $3); }
  | op '-' op { $$ = binary(f, @$, AST_SUB, @2, $1, $3); }
  | op '*' op { $$ = binary(f, @$, AST_MUL, @2, $1, $3); }
  | op '/' op { $$ = binary(f, @$, AST_DIV, @2, $1, $3); }
  | op '%' op { $$ = binary(f, @$, AST_MOD, @2, $1, $3); }
  | op POWER op { $$ = binary(f, @$, AST_POWER, @2, $1, $3); }
  | '-' op %prec NEGATE { $$ = front_shallow(f, ast_unary(f->arena, SPAN(@$), AST_NEGATE, SPAN(@1), $2)); }

annotated:
    postfix
  | annotated annotation { $$ = front_shallow(f, ast_annotated(f->arena, SPAN(@$), $1, $2)); }

postfix:
    primary
  | postfix '(' args ')' { $$ = front_shallow(f, ast_call(f->arena, SPAN(@$), $1, $3)); }
  | postfix '[' expr ']' { $$ = front_shallow(f, ast_index(f->arena, SPAN(@$), $1, $3)); }

primary:
    NUMBER
  | STRING
  | TRUE { $$ = ast_bool(f->arena, SPAN(@$), true); }
  | FALSE { $$ = ast_bool(f->arena, SPAN(@$), false); }
  | NAME { $$ = ast_name_expr(f->arena, SPAN(@$), (struct ast_name){0}, NAME_AT($1, @1), f->module->n_ids++); }
  | NAME '.' NAME { $$ = ast_name_expr(f->arena, SPAN(@$), NAME_AT($1, @1), NAME_AT($3, @3), f->module->n_ids++); }
  | '(' expr ')' { $$ = $2; }
  | '[' items ']' { $$ = front_shallow(f, ast_list(f->arena, SPAN(@$), $2)); }
  | '[' expr clauses ']' { $$ = front_shallow(f, ast_comprehension(f->arena, SPAN(@$), $2, $3)); }

clauses:
    FOR targets IN expr {
        $$ = (struct ast_clauses){0};
        struct ast_clause c = {true, $2, $4};
        vec_push(f->arena, &$$, c);
    }
  | clauses FOR targets IN expr {
        $$ = $1;
        struct ast_clause c = {true, $3, $5};
        vec_push(f->arena, &$$, c);
    }
  | clauses IF expr {
        $$ = $1;
        struct ast_clause c = {.list = $3};
        vec_push(f->arena, &$$, c);
    }

items:
    %empty { $$ = (struct ast_exprs){0}; }
  | exprs
  | exprs ',' { $$ = $1; }

exprs:
    expr { $$ = (struct ast_exprs){0}; vec_push(f->arena, &$$, $1); }
  | exprs ',' expr { $$ = $1; vec_push(f->arena, &$$, $3); }

args:
    %empty { $$ = (struct ast_args){0}; }
  | some_args
  | some_args ',' { $$ = $1; }

some_args:
    arg { $$ = (struct ast_args){0}; vec_push(f->arena, &$$, $1); }
  | some_args ',' arg { $$ = $1; vec_push(f->arena, &$$, $3); }

arg:
    expr { $$ = (struct ast_arg){.value = $1}; }
  | NAME '=' expr { $$ = (struct ast_arg){NAME_AT($1, @1), $3}; }

%%

static int yyreport_syntax_error(const yypcontext_t *context, struct front *f, void *scanner)
{
    (void)scanner;
    enum { MOST = YYNTOKENS };
    yysymbol_kind_t kinds[MOST];
    int n = yypcontext_expected_tokens(context, kinds, MOST);
    if (n < 0)
        return n;
    const char *expected[MOST];
    for (int i = 0; i < n; i++)
        expected[i] = yysymbol_name(kinds[i]);
    yysymbol_kind_t token = yypcontext_token(context);
    front_unexpected(f, front_span(f, *yypcontext_location(context)), token == YYSYMBOL_YYEMPTY ? NULL : yysymbol_name(token), expected, n);
    return 0;
}

/* Called for an exhausted stack only: syntax errors go through the function above. */
static void front_yyerror(const YYLTYPE *place, struct front *f, void *scanner, const char *message)
{
    (void)scanner;
    (void)message;
    if (!f->too_deep)
        diag_error(f->diag, front_span(f, *place), E_NESTED, "nested too deeply");
    f->too_deep = true;
}
