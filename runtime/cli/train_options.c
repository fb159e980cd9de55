/* The options of NET-train. */
#include "runtime/cli/train_options.h"

#include "runtime/cli/args.h"
#include "runtime/cli/paths.h"
#include "runtime/cli/recipe_text.h"
#include "runtime/cli/train_recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FILE.safetensors -> FILE<suffix>, FILE -> FILE<suffix> */
static void beside(char *out, size_t size, const char *path, const char *suffix)
{
    static const char usual[] = ".safetensors";
    size_t length = strlen(path), cut = length;
    if (length > strlen(usual) && !strcmp(path + length - strlen(usual), usual))
        cut -= strlen(usual);
    snprintf(out, size, "%.*s%s", (int)cut, path, suffix);
}

static int parse_precision(enum cnas_precision *precision, const char *name)
{
    if (name && strcmp(name, "fp32") && strcmp(name, "bf16"))
        return cn_fail(2, "--precision: %.40s is neither fp32 nor bf16", name);
    if (name)
        *precision = !strcmp(name, "bf16") ? CNAS_PRECISION_BF16 : CNAS_PRECISION_FP32;
    return -1;
}

/* A file for each of what is written: one of two under the same name would be lost. */
static int check_names(const struct cn_train_cli *o)
{
    enum { OTHERS = 8 };
    struct {
        const char *what, *path;
    } files[OTHERS + CNAS_TEACHERS_MAX] = {{"--out", o->out},           {"--fixed-out", o->fixed_out}, {"the checkpoint", o->checkpoint},
                 {"the best weights", o->best}, {"--log", o->log},             {"--report", o->report},
                 {"--from-log", o->from_log},   {"--write-soft-labels", o->write_soft_labels}};
    for (size_t k = 0; k < o->soft_labels.n; k++) {
        files[OTHERS + k].what = "--soft-labels";
        files[OTHERS + k].path = o->soft_labels.values[k];
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t j = 0; j < i; j++)
            if (files[i].path && files[j].path && cn_same_file(files[i].path, files[j].path))
                return cn_fail(2, "%s and %s are the same file, %s: name another one", files[j].what, files[i].what, files[i].path);
    return -1;
}

/* As cn_recipe_of_training, of all options. */
static const char *of_training(const struct cn_train_cli *o, const struct cn_recipe *r)
{
    const struct {
        const char *name;
        int given;
    } all[] = {{"recompute", o->recompute}, {"profile", o->profile}, {"test-every-epoch", o->test_every_epoch},
               {"sync-batch-norm", o->sync_batch_norm}, {"loader-threads", o->loader_threads != 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given)
            return all[i].name;
    return cn_recipe_of_training(r);
}

/* Options of teacher and student, which mean nothing elsewhere. */
static int check_distillation(struct cn_train_cli *o, const struct cn_recipe *r)
{
    if (o->views && !o->write_soft_labels)
        return cn_fail(2, "--views belongs to --write-soft-labels");
    if (!o->soft_labels.n && (!isnan(r->distill_weight) || !isnan(r->temperature)))
        return cn_fail(2, "--distill-weight and --temperature belong to --soft-labels");
    if (o->soft_labels.n && r->augment)
        return cn_fail(2, "--augment: the file of --soft-labels says how images are augmented");
    if (o->write_soft_labels && (o->soft_labels.n || o->quantize || o->resume || o->fresh || o->log || o->report || o->time_budget > 0))
        return cn_fail(2, "--write-soft-labels does not train: --soft-labels, --quantize, --resume, --fresh, --log, --report and --time-budget "
                          "mean nothing with it");
    const char *needless = of_training(o, r);
    if ((o->write_soft_labels || o->quantize) && needless)
        return cn_fail(2, "%s does not train: --%s means nothing with it", o->quantize ? "--quantize" : "--write-soft-labels", needless);
    if (!o->views)
        o->views = 8;
    return -1;
}

int cn_train_parse(struct cn_train_cli *o, int argc, char **argv, const struct cnas_model *m)
{
    struct cnas_train_options d;
    cnas_train_defaults(&d, m);
    o->data = cn_default_data();
    o->out = cn_default_path(o->out_name, m, ".safetensors");
    o->seed = d.seed;
    o->ring_bits = m->ring_bits;
    o->checkpoint_every = 600;
    o->log_steps = 100;
    o->soft_labels = (struct cn_arg_list){o->soft_files, 0, CNAS_TEACHERS_MAX};
    const char *validation = NULL, *engine = NULL, *precision = NULL;
    struct cn_recipe recipe = {0};
    char ring[96], about[256];
    snprintf(ring, sizeof ring, "of fixed-point numbers (default: the least that keep the labels)");
    if (m->ring_bits)
        snprintf(ring, sizeof ring, "of fixed-point numbers (default %u)", m->ring_bits);
    snprintf(about, sizeof about,
             "Trains network %s (%s), then chooses its fixed-point form on %d training images.\n"
             "Interrupted (Ctrl-C), it keeps its state and goes on when called again.",
             m->name, m->source, CN_CALIBRATION_IMAGES);
    const struct cn_arg own[] = {
        {"data", CN_ARG_STRING, &o->data, "DIR", cn_data_help, 0, 0},
        {"resize", CN_ARG_FLAG, &o->resize, NULL, cn_resize_help, 0, 0},
        {"out", CN_ARG_STRING, &o->out, "FILE", "weights, written at the end (default: NETWORK.safetensors, lower case)", 0, 0},
        {"fixed-out", CN_ARG_STRING, &o->fixed_out, "FILE", "fixed-point network (default: --out with .fixed.safetensors)", 0, 0},
        {"seed", CN_ARG_UINT, &o->seed, "N", "of every random choice (default 1); same seed, same result", 0, 9007199254740992.0},
        {"threads", CN_ARG_UINT, &o->threads, "N", "worker threads (default: one a core; under mpirun, this rank's share of them)", 1, 64},
        {"engine", CN_ARG_STRING, &engine, "NAME", "of training: auto (the default), portable, or dnnl, which is faster", 0, 0},
        {"precision", CN_ARG_STRING, &precision, "P", "fp32 (the default), or bf16: maps and convolutions in bfloat16", 0, 0},
        {"recompute", CN_ARG_FLAG, &o->recompute, NULL, "less memory for more time: batch norm and ReLU are computed twice", 0, 0},
        {"profile", CN_ARG_FLAG, &o->profile, NULL, "say at the end where the time went", 0, 0},
        {"sync-batch-norm", CN_ARG_FLAG, &o->sync_batch_norm, NULL,
         "under mpirun: batch norm over the whole batch, so that N ranks are one rank;\nelse each rank's over its share, which is faster", 0, 0},
        {"loader-threads", CN_ARG_UINT, &o->loader_threads, "N", "threads that make batches ahead (default 0: the workers make them);\nsame results; worth it only where a core is free", 0, 16},
        {"resume", CN_ARG_FLAG, &o->resume, NULL, "go on from the checkpoint of the same training (the default)", 0, 0},
        {"fresh", CN_ARG_FLAG, &o->fresh, NULL, "forget the checkpoint and start again", 0, 0},
        {"validation", CN_ARG_STRING, &validation, "N|P%",
         "hold out so many training images, or so many percent, in the classes' proportions:\nmeasured after every epoch, and the best epoch is kept", 0, 0},
        {"soft-labels", CN_ARG_LIST, &o->soft_labels, "FILE",
         "distillation: learn from a trained network's answers too, which its --write-soft-labels wrote\nwith the same --data and --validation; images are augmented as there;\ngiven several times: from the mean of what these networks answer", 0, 0},
        {"write-soft-labels", CN_ARG_STRING, &o->write_soft_labels, "FILE",
         "no training: write the answers of the weights in --out for --views of each training image", 0, 0},
        {"views", CN_ARG_UINT, &o->views, "N", "of --write-soft-labels: so many, each augmented anew (default 8)", 1, CNAS_VIEWS_MAX},
        {"test-every-epoch", CN_ARG_FLAG, &o->test_every_epoch, NULL, "show the accuracy on the test set too; nothing is chosen by it", 0, 0},
        {"time-budget", CN_ARG_DURATION, &o->time_budget, "TIME",
         "train no longer than this (90s, 30m, 1h30m), save the state, write the weights so far;\nthe schedule stays that of --epochs: with --epochs auto it ends in time", 1, 86400.0 * 365},
        {"checkpoint-every", CN_ARG_DURATION, &o->checkpoint_every, "TIME", "save the state within long epochs too (default 10m)", 1, 86400.0 * 365},
        {"log", CN_ARG_STRING, &o->log, "FILE", "write a log: a line of JSON for each epoch and each --log-steps, gone on with like the training", 0, 0},
        {"log-steps", CN_ARG_UINT, &o->log_steps, "N", "steps between two lines of the log (default 100; 0: only epochs)", 0, 1000000},
        {"report", CN_ARG_STRING, &o->report, "FILE", "write an HTML page with curves, anew after every epoch (without --log: FILE.jsonl is its log)", 0, 0},
        {"from-log", CN_ARG_STRING, &o->from_log, "FILE", "no training: only make the --report of this log", 0, 0},
        {"quiet", CN_ARG_FLAG, &o->quiet, NULL, "print only errors, warnings and the test accuracy", 0, 0},
        {"quantize", CN_ARG_FLAG, &o->quantize, NULL, "no training: only make the fixed-point network from the weights in --out", 0, 0},
        {"ring-bits", CN_ARG_UINT, &o->ring_bits, "N", ring, 16, 60},
        {"weight-bits", CN_ARG_UINT, &o->weight_bits, "N", "most bits of fixed-point weights, sign included (default 14)", 2, 24},
        {"activation-bits", CN_ARG_UINT, &o->activation_bits, "N", "of the largest activation (default: chosen)", 1, 30},
    };
    const char *operand[1];
    size_t n;
    enum { OWN = sizeof own / sizeof *own };
    struct cn_arg options[OWN + CN_RECIPE_ARGS];
    memcpy(options, own, sizeof own);
    const size_t n_options = OWN + cn_recipe_args(options + OWN, &recipe, m);
    int status = cn_args_parse(argc, argv, options, n_options, operand, 0, &n, "[OPTION]...", about);
    if (status < 0)
        status = cn_recipe_make(&o->recipe, &recipe, m);
    if (status < 0)
        status = cn_parse_engine(&o->recipe.engine, engine);
    if (status < 0)
        status = parse_precision(&o->recipe.precision, precision);
    if (status >= 0)
        return status;
    o->auto_epochs = recipe.auto_epochs;
    if (o->auto_epochs && recipe.print)
        return cn_fail(2, "--print-recipe: how many epochs --epochs auto gives depends on the machine");
    if (o->auto_epochs && !(o->time_budget > 0))
        return cn_fail(2, "--epochs auto needs --time-budget TIME: as many epochs as fit into it");
    if (recipe.print) {
        cn_recipe_print(&o->recipe);
        return 0;
    }
    o->recipe.seed = o->seed;
    if (o->resume && o->fresh)
        return cn_fail(2, "--resume and --fresh exclude each other");
    if (o->from_log && !o->report)
        return cn_fail(2, "--from-log needs --report FILE");
    if (o->report && !o->log) {
        if (strlen(o->report) > CN_PATH)
            return cn_fail(2, "--report: the name is too long");
        snprintf(o->log_name, sizeof o->log_name, "%s.jsonl", o->report);
        o->log = o->log_name;
    }
    if ((status = check_distillation(o, &recipe)) >= 0)
        return status;
    if (o->quantize && !m->n_points)
        return cn_fail(2, "--quantize: network %s was compiled for the clear alone (cnasc --targets), without fixed-point arithmetic", m->name);
    if (o->quantize && (o->resume || o->fresh || o->soft_labels.n))
        return cn_fail(2, "--quantize does not train: --resume, --fresh and --soft-labels mean nothing with it");
    if (strlen(o->out) > CN_PATH - 32)
        return cn_fail(2, "--out: the name is too long");
    if ((status = cn_held_out_parse(&o->validation, validation)) >= 0)
        return status;
    if (!o->fixed_out) {
        beside(o->fixed_name, sizeof o->fixed_name, o->out, ".fixed.safetensors");
        o->fixed_out = o->fixed_name;
    }
    beside(o->best, sizeof o->best, o->out, ".best.safetensors");
    snprintf(o->checkpoint, sizeof o->checkpoint, "%s.checkpoint", o->out);
    return check_names(o);
}
