"""Writes the chart's generated files: the README's table of values, what is installed into
Elasticsearch, and Kibana's saved objects. The milestones come from story/way.toml.

    python3 charts/throughline-logs/generate           writes them
    python3 charts/throughline-logs/generate --check   fails if one is not as it would be written
"""

import sys
from pathlib import Path

import elastic
import kibana
import values_table

CHART = Path(__file__).parent.parent
WAY = CHART.parent.parent / "story" / "way.toml"


def main() -> int:
    way = elastic.read_way(WAY)
    written = {
        CHART / "README.md": values_table.readme(CHART),
        **{CHART / "elastic" / name: text for name, text in elastic.files(CHART, way).items()},
        CHART / "elastic" / "kibana.ndjson": kibana.ndjson(way),
    }
    stale = [path for path, text in written.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(CHART)} is not what its sources say: run python3 {CHART.name}/generate", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(written[path])
        print(f"wrote {path.relative_to(CHART)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
