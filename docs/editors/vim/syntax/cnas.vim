" Syntax of .cnas, network descriptions with ReLU budgets. tests/editors.sh compares the words with the compiler's.
if exists("b:current_syntax")
  finish
endif

syntax keyword cnasStatement import as const network block input output train private
syntax keyword cnasControl for in if then else return
syntax keyword cnasWord and or not
syntax keyword cnasBoolean true false
syntax keyword cnasType int real bool string list tensor any
syntax keyword cnasOperator conv linear batch_norm relu avg_pool global_avg_pool max_pool global_max_pool slice pad reshape subsample flatten dropout square poly2 upsample softmax argmax identity add concat channels height width shape elements
syntax keyword cnasFunction len first last but_last but_first reverse enumerate zip range max min sum abs div floor ceil round sqrt log2 require choose choose_subset
syntax keyword cnasSpecial auto same balanced

syntax match cnasAnnotation "@\h\w*"
syntax match cnasNumber "\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d\+\)\?\%(Ki\|Mi\|Gi\|ms\|k\|M\|G\)\?\>%\?"
syntax match cnasPipe "|>"
syntax region cnasString start=+"+ skip=+\\.+ end=+"+ oneline contains=cnasEscape
syntax match cnasEscape "\\[nt\"\\]" contained
syntax keyword cnasTodo TODO FIXME contained
syntax match cnasComment "//.*$" contains=cnasTodo,@Spell
syntax match cnasDoc "//[/!].*$" contains=@Spell
syntax region cnasComment start="/\*" end="\*/" contains=cnasTodo,@Spell

highlight default link cnasStatement Statement
highlight default link cnasControl Conditional
highlight default link cnasWord Operator
highlight default link cnasBoolean Boolean
highlight default link cnasType Type
highlight default link cnasOperator Function
highlight default link cnasFunction Function
highlight default link cnasSpecial Constant
highlight default link cnasAnnotation PreProc
highlight default link cnasNumber Number
highlight default link cnasPipe Operator
highlight default link cnasString String
highlight default link cnasEscape SpecialChar
highlight default link cnasTodo Todo
highlight default link cnasComment Comment
highlight default link cnasDoc SpecialComment

let b:current_syntax = "cnas"
