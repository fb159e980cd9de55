#!/usr/bin/python3
"""Training steps of cnasc's programs beside PyTorch's, in turns in one run: images/s, their ratio, and peak resident memory.

Every contestant is a process of its own and trains for some seconds on random images in memory; rounds take all contestants in turn, so
that a busy machine hurts all alike; of the rounds the best counts. PyTorch's best of its settings is what is compared with.

usage: bench.py --cnasc PATH --build DIR --source DIR --libs LIBS [--nets resnet20,...] [--threads 2] [--batch 128] [--seconds 6] [--rounds 3]
                [--precisions fp32,bf16] [--no-torch] [--markdown]
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

NETS = {"resnet20": "tests/bench/train/resnet20.cnas", "resnet18": "tests/bench/train/resnet18.cnas",
        "plain10": "tests/bench/train/plain10.cnas", "cnet1": "samples/paper/cifar10_cnet1.cnas"}
TORCH = {"fp32": ("fp32", "fp32-cl"), "bf16": ("bf16", "bf16-cl")}

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--cnasc", required=True)
p.add_argument("--build", required=True, help="the build folder, with libcnas in .libs")
p.add_argument("--source", required=True, help="the source folder")
p.add_argument("--libs", default="", help="what libcnas is linked with")
p.add_argument("--nets", default=",".join(NETS))
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--batch", type=int, default=128)
p.add_argument("--seconds", type=float, default=6)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--precisions", default="fp32,bf16")
p.add_argument("--no-torch", action="store_true")
p.add_argument("--markdown", action="store_true", help="print the table as Markdown")
a = p.parse_args()

environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
tmp = tempfile.mkdtemp(prefix="cnas-bench-train-")
here = os.path.join(a.source, "tests/bench/train")


def run(command, **more):
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        sys.exit("bench.py: %s\n%s" % (" ".join(command), done.stderr))
    return done.stdout


def busy():
    """CPU seconds of everyone, from /proc/stat."""
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")


def build(net):
    """The step program of a network, and its graph for the peer."""
    source, out = os.path.join(a.source, NETS[net]), os.path.join(tmp, net)
    graph = os.path.join(tmp, net + ".json")
    with open(graph, "w") as f:
        f.write(run([a.cnasc, "build", "--emit=json", source]))
    run([a.cnasc, "build", "--targets=train,infer", source, "-o", out])
    name = next(f[:-2] for f in sorted(os.listdir(out)) if f.endswith(".h") and not f.endswith("_internal.h"))
    program = os.path.join(tmp, net + "-step")
    run([os.environ.get("CC", "cc"), "-O2", "-std=gnu11", "-DMODEL=%s_model" % name, "-I", os.path.join(a.source, "runtime/include"),
         "-I", os.path.join(a.build, "runtime/include"), "-o", program, os.path.join(here, "step.c"), os.path.join(out, name + ".c"),
         os.path.join(a.build, ".libs/libcnas.a")] + a.libs.split())
    return program, graph


def contest(net):
    program, graph = build(net)
    contestants = []
    for precision in a.precisions.split(","):
        contestants.append((("cnasc", precision), [program, precision, str(a.threads), str(a.batch), str(a.seconds)]))
        if not a.no_torch:
            for mode in TORCH[precision]:
                contestants.append((("torch", mode), ["/usr/bin/python3", os.path.join(here, "peer.py"), graph, mode, str(a.threads),
                                                      str(a.batch), str(a.seconds)]))
    best, foreign = {}, 0.0
    for _ in range(a.rounds):
        for who, command in contestants:
            before, children, clock = busy(), sum(os.times()[2:4]), os.times()[4]
            r = json.loads(run(command))
            spent = os.times()[4] - clock
            foreign = max(foreign, (busy() - before - (sum(os.times()[2:4]) - children)) / spent)
            old = best.get(who)
            best[who] = r if not old else {"best": max(r["best"], old["best"]), "median": max(r["median"], old["median"]),
                                           "peak_mib": min(r["peak_mib"], old["peak_mib"])}
    for precision in a.precisions.split(","):
        ours = best["cnasc", precision]
        row = [net, precision, "%.0f" % ours["median"], "%.0f" % ours["peak_mib"]]
        if not a.no_torch:
            peers = [(best["torch", m]["median"], m) for m in TORCH[precision]]
            speed, mode = max(peers)
            memory = min(best["torch", m]["peak_mib"] for m in TORCH[precision])
            row += ["%.0f" % best["torch", m]["median"] for m in TORCH[precision]]
            row += ["%.2f" % (ours["median"] / speed), "%.0f" % memory, "%.2f" % (ours["peak_mib"] / memory)]
        row.append("%.1f" % foreign)
        line = "| " + " | ".join(row) + " |" if a.markdown else "  ".join("%9s" % c for c in row)
        print(line, flush=True)


head = ["net", "precision", "images/s", "MiB"]
if not a.no_torch:
    head += ["torch", "torch cl", "ratio", "torch MiB", "memory"]
head.append("others")
print("%d threads, batches of %d; the best of %d rounds of medians over %g s; `others`: cores that other processes took, at most"
      % (a.threads, a.batch, a.rounds, a.seconds))
print("| " + " | ".join(head) + " |\n|" + "---|" * len(head) if a.markdown else "  ".join("%9s" % c for c in head), flush=True)
try:
    for net in a.nets.split(","):
        contest(net)
finally:
    shutil.rmtree(tmp)
