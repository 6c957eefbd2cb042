import sys, argparse, time, json
from tools.soak.run import Run
from tools import verdict
p=verdict.Parser("soak", "x")
p.add_argument("--days", type=float, default=2.0)
p.add_argument("--devices", type=int, default=200)
p.add_argument("--nodes", type=int, default=20)
p.add_argument("--seed", type=int, default=1)
p.add_argument("--plant", type=int, default=0)
p.add_argument("--heap", default="3M")
p.add_argument("--verbose", action="store_true")
plan=p.parse_args()
t=time.time()
run=Run(plan, verdict.say)
print(json.dumps(run.go()), run.largest, run.hands.done, time.time()-t, run.time.us/1e6)
import resource
for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
    u=resource.getrusage(w); print(u.ru_utime, u.ru_stime)
print({s: p.module.requests for s,p in run.slots.items() if hasattr(p.module,"requests")})
from collections import Counter
print(Counter(d.kind for b in run.buses for d in b), Counter())
c=Counter(); 
for b in run.buses:
    for d in b: c[d.kind]+=d.requests
print(c)
