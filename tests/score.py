#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the scorer of the test data folder and demand everything but the attack events that no control decides yet.

usage: score.py VIGIL FOLDER
"""
import json
import subprocess
import sys


def main():
    vigil, folder = sys.argv[1:3]
    run = subprocess.run([sys.executable, f"{folder}/score.py", "--vigil", vigil, "--json", folder],
                         capture_output=True, text=True, check=False)
    result = json.loads(run.stdout)
    total = result["total"]
    for row in result["inputs"]:
        misses = [m for m in row["miss"] if not m.startswith("event not found")]
        if misses:
            print(row["input"])
            print("   " + "\n   ".join(misses))
    print("found {found}/{expect}  origins {exact}/{origins}  events {events-found}/{events}  "
          "false alarms {false}  decided {decided}  crashes {crash}".format_map(total))
    print(f"inputs {total['inputs']}")
    good = (total["inputs"] > 0 and total["found"] == total["expect"] and total["exact"] == total["origins"]
            and not total["false"] and not total["decided"] and not total["crash"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
