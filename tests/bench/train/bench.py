#!/usr/bin/python3
"""Training steps of cnasc's programs beside PyTorch's, in turns in one run: images/s, their ratio, and peak resident memory; then how near
cnasc comes to what the cores can do, and where its time goes.

Every contestant is a process of its own and trains for some seconds on random images in memory; rounds take all contestants in turn, so
that a busy machine hurts all alike; of the rounds the best counts. PyTorch's best of its settings is what is compared with.

The second table: nominal GFLOP/s are six operations for each multiply-add of the network (two forward, two for the gradient of inputs, two for
that of weights), whatever the kernels really compute: Winograd has a quarter of the products. Peaks are measured in every round (peak.c).
Shares are of the time of all steps but the first, by the counters of the engine (NET-train --profile), in cnasc's best round; batch norm, ReLU and
sums that a Winograd kernel takes along count as convolution. `waiting` is the part of the cores' time in which none of the threads ran.

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

NETS = {"resnet20": ("ResNet-20", "tests/bench/train/resnet20.cnas"), "resnet18": ("ResNet-18, 64 to 512", "tests/bench/train/resnet18.cnas"),
        "plain10": ("ten layers of 32, 128, 512", "tests/bench/train/plain10.cnas"), "cnet1": ("CNet1", "samples/paper/cifar10_cnet1.cnas")}
TORCH = {"fp32": ("fp32", "fp32-cl"), "bf16": ("bf16", "bf16-cl")}
GOAL = {"fp32": "1.6", "bf16": "1.3"}
# Columns of the profile: which counters, forward, backward and neither. What is in none of them is `other layers`.
SHARES = {"forward": [("convolution", 0)], "input's gradient": [("convolution", 1)], "weights' gradient": [("gradients of weights", 1)],
          "norm, joins": [("batch norm, addition, ReLU", 0), ("batch norm, addition, ReLU", 1)], "other layers": None,
          "packing, update": [("packing weights", 2), ("update", 2)], "batches": [("batches", 2)]}

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
p.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
a = p.parse_args()

environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
tmp = tempfile.mkdtemp(prefix="cnas-bench-train-")
here = os.path.join(a.source, "tests/bench/train")
cc = os.environ.get("CC", "cc")
peak = {"f32": 0.0, "bf16": 0.0}
profiles = []


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


class Table:
    def __init__(self, *columns):
        self.columns = columns
        print("| " + " | ".join(columns) + " |\n|---|---|" + "--:|" * (len(columns) - 2) if a.markdown else self.line(columns), flush=True)

    def line(self, cells):
        return "  ".join("%*s" % (max(len(c), 26 if i == 0 else 5), cell) for i, (c, cell) in enumerate(zip(self.columns, cells)))

    def row(self, *cells):
        print("| " + " | ".join(cells) + " |" if a.markdown else self.line(cells), flush=True)


def build(net):
    """The step program of a network, and its graph for the peer."""
    source, out = os.path.join(a.source, NETS[net][1]), os.path.join(tmp, net)
    graph = os.path.join(tmp, net + ".json")
    with open(graph, "w") as f:
        f.write(run([a.cnasc, "build", "--emit=json", source]))
    run([a.cnasc, "build", "--targets=train,infer", source, "-o", out])
    name = next(f[:-2] for f in sorted(os.listdir(out)) if f.endswith(".h") and not f.endswith("_internal.h"))
    program = os.path.join(tmp, net + "-step")
    run([cc, "-O2", "-std=gnu11", "-DMODEL=%s_model" % name, "-I", os.path.join(a.source, "runtime/include"),
         "-I", os.path.join(a.build, "runtime/include"), "-o", program, os.path.join(here, "step.c"), os.path.join(out, name + ".c"),
         os.path.join(a.build, ".libs/libcnas.a")] + a.libs.split())
    return program, graph


def build_peak():
    program = os.path.join(tmp, "peak")
    run([cc, "-O2", "-std=gnu11", "-o", program, os.path.join(here, "peak.c"), "-lpthread"])
    return program


def measure_peak(program):
    for kind, rate in json.loads(run([program, str(a.threads)])).items():
        peak[kind] = max(peak[kind], rate)


def contest(net, peak_program, table):
    program, graph = build(net)
    contestants = []
    for precision in a.precisions.split(","):
        contestants.append((("cnasc", precision), [program, precision, str(a.threads), str(a.batch), str(a.seconds)]))
        if not a.no_torch:
            for mode in TORCH[precision]:
                contestants.append((("torch", mode), ["/usr/bin/python3", os.path.join(here, "peer.py"), graph, mode, str(a.threads),
                                                      str(a.batch), str(a.seconds)]))
    best, memory, foreign = {}, {}, 0.0
    for _ in range(a.rounds):
        measure_peak(peak_program)
        for who, command in contestants:
            before, children, clock = busy(), sum(os.times()[2:4]), os.times()[4]
            r = json.loads(run(command))
            spent = os.times()[4] - clock
            foreign = max(foreign, (busy() - before - (sum(os.times()[2:4]) - children)) / spent)
            memory[who] = min(memory.get(who, r["peak_mib"]), r["peak_mib"])
            if who not in best or r["median"] > best[who]["median"]:
                best[who] = r
    for precision in a.precisions.split(","):
        us = "cnasc", precision
        name = "%s (%.0f)" % (NETS[net][0], best[us]["macs"] / 1e6)
        row = [name, precision, "{:,.0f}".format(best[us]["median"])]
        if not a.no_torch:
            peers = [("torch", mode) for mode in TORCH[precision]]
            speed, least = max(best[who]["median"] for who in peers), min(memory[who] for who in peers)
            row += ["{:,.0f}".format(best[who]["median"]) for who in peers]
            row += [("**%.2f**" if a.markdown else "%.2f") % (best[us]["median"] / speed), GOAL[precision]]
        row.append("{:,.0f}".format(memory[us]))
        if not a.no_torch:
            row += ["{:,.0f}".format(least), "%.2f" % (memory[us] / least)]
        table.row(*row, "%.1f" % foreign)
        profiles.append((name, precision, best[us]))


def profile(name, precision, r, table):
    """A row of the second table."""
    wall, parts, shown = r["wall_s"], r["parts"], {counter for counters in SHARES.values() for counter in counters or ()}
    nominal = 6e-9 * r["macs"] * r["median"]
    row = [name, precision, "%.0f" % nominal] + ["%.0f %%" % (100 * nominal / peak[kind]) if peak[kind] and mine else "–"
                                                for kind, mine in (("f32", True), ("bf16", precision == "bf16"))]
    for counters in SHARES.values():
        seconds = sum(s for part, times in parts.items() for way, s in enumerate(times)
                      if ((part, way) in counters if counters else (part, way) not in shown))
        row.append("%.1f" % (100 * seconds / wall))
    table.row(*row, "%.1f" % max(0, 100 * (1 - r["cpu_s"] / (a.threads * wall))))


try:
    program = build_peak()
    print("%d threads, batches of %d; the best of %d rounds of medians over %g s; `others`: cores that other processes took, at most\n"
          % (a.threads, a.batch, a.rounds, a.seconds))
    columns = ["images/s", "MiB"] if a.no_torch else ["images/s", "PyTorch", "PyTorch cl", "ratio", "goal", "MiB", "PyTorch MiB", "memory"]
    table = Table("network (MMAC)", "precision", *columns, "others")
    for net in a.nets.split(","):
        contest(net, program, table)
    print("\nThe cores' peaks: %.0f GFLOP/s of fused multiply-adds of float32, %s. Shares of the time, percent:\n"
          % (peak["f32"], "%.0f of dot products of bfloat16" % peak["bf16"] if peak["bf16"] else "no dot products of bfloat16"))
    table = Table("network (MMAC)", "precision", "GFLOP/s", "of fp32's peak", "of bf16's peak", *SHARES, "waiting")
    for name, precision, r in profiles:
        profile(name, precision, r, table)
finally:
    shutil.rmtree(tmp)
