#!/bin/sh
# Installs what makes one id find every line: lifecycle policy, ingest pipelines, index templates and
# the transform into Elasticsearch, the saved objects into Kibana. Done again, it changes nothing.
#
#   ELASTICSEARCH_URL=https://… KIBANA_URL=https://… sh setup.sh
#
# ELASTICSEARCH_API_KEY (encoded), or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD; CA_FILE;
# INSTALL: which of "lifecycle pipelines templates transform kibana", all without it. Without
# KIBANA_URL nothing goes to Kibana. Exit code: 0 all installed, 1 refused or not reached, 64 wrong use.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
install=${INSTALL:-lifecycle pipelines templates transform kibana}
elastic=${ELASTICSEARCH_URL:-}
elastic=${elastic%/}
kibana=${KIBANA_URL:-}
kibana=${kibana%/}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

if [ -z "$elastic" ]; then
    echo 'setup: ELASTICSEARCH_URL = "": is empty; give where Elasticsearch is, such as https://elasticsearch:9200' >&2
    exit 64
fi
for part in $install; do
    case $part in
    lifecycle | pipelines | templates | transform | kibana) ;;
    *)
        echo "setup: INSTALL = \"$install\": there is no $part; the parts are lifecycle pipelines templates transform kibana" >&2
        exit 64
        ;;
    esac
done

# What curl reads from its standard input: credentials stand in no list of processes.
options() {
    if [ -n "${ELASTICSEARCH_API_KEY:-}" ]; then
        printf 'header = "Authorization: ApiKey %s"\n' "$ELASTICSEARCH_API_KEY"
    elif [ -n "${ELASTICSEARCH_USERNAME:-}" ]; then
        printf 'user = "%s:%s"\n' "$(escape "$ELASTICSEARCH_USERNAME")" "$(escape "${ELASTICSEARCH_PASSWORD:-}")"
    fi
    if [ -n "${CA_FILE:-}" ]; then printf 'cacert = "%s"\n' "$CA_FILE"; fi
}
escape() { printf %s "$1" | sed 's/[\\"]/\\&/g'; }

# ask METHOD URL [curl's arguments]: the status; what was answered is in $answer.
ask() {
    method=$1 url=$2
    shift 2
    status=$(options | curl --silent --show-error --config - --max-time 60 --retry 5 --retry-connrefused \
        --output "$answer" --write-out '%{http_code}' --request "$method" "$@" "$url") || {
        echo "setup: $method $url: not reached" >&2
        exit 1
    }
}

# must METHOD URL [curl's arguments]: fails unless the status says that it was done.
must() {
    ask "$@"
    case $status in
    2??) ;;
    401 | 403)
        echo "setup: $method $url: refused with $status: the credentials may not do this: $(head -c 1000 "$answer")" >&2
        exit 1
        ;;
    *)
        echo "setup: $method $url: answered $status: $(head -c 1000 "$answer")" >&2
        exit 1
        ;;
    esac
}

put() {
    must PUT "$elastic/$1" --header 'content-type: application/json' --data-binary "@$here/$2"
    echo "installed $1"
}

for part in $install; do
    case $part in
    lifecycle)
        put _ilm/policy/throughline-logs lifecycle.json
        ;;
    pipelines)
        put _ingest/pipeline/throughline-lines lines-pipeline.json
        put _ingest/pipeline/throughline-stories stories-pipeline.json
        ;;
    templates)
        put _index_template/throughline-lines lines-template.json
        put _index_template/throughline-stories stories-template.json
        ;;
    transform)
        # What it groups by cannot be changed in place. Made anew, it writes the same documents again.
        ask GET "$elastic/_transform/throughline-stories"
        if [ "$status" = 200 ]; then
            must POST "$elastic/_transform/throughline-stories/_stop?force=true&wait_for_completion=true"
            must DELETE "$elastic/_transform/throughline-stories"
        fi
        put '_transform/throughline-stories?defer_validation=true' stories-transform.json
        must POST "$elastic/_transform/throughline-stories/_start"
        echo "started _transform/throughline-stories"
        ;;
    kibana)
        if [ -z "$kibana" ]; then
            echo "KIBANA_URL is empty: Kibana's saved objects are not installed"
            continue
        fi
        must POST "$kibana/api/saved_objects/_import?overwrite=true" --header 'kbn-xsrf: true' \
            --form "file=@$here/kibana.ndjson"
        # It answers 200 also when it took nothing.
        if ! grep -q '"success":true' "$answer"; then
            echo "setup: Kibana did not take the saved objects: $(head -c 1000 "$answer")" >&2
            exit 1
        fi
        echo "installed Kibana's data views, search and dashboard"
        ;;
    esac
done
