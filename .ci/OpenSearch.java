import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node on the loopback interface: {@code OpenSearch.java FOLDER HTTP_PORT TRANSPORT_PORT}. */
class OpenSearch {
    public static void main(String[] args) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> {
            settings.put("http.port", args[1]);
            settings.put("transport.port", args[2]);
            settings.put("network.host", "127.0.0.1");
            settings.put("discovery.type", "single-node");
            // The runner's own roles leave out the one that runs pipelines.
            settings.putList("node.roles", "cluster_manager", "data", "ingest");
            // A node alone needs nobody to elect it, and refuses to be told whom to ask.
            settings.keys().stream().filter(key -> key.startsWith("cluster.initial_")).toList()
                    .forEach(settings::remove);
        }).build(OpenSearchRunner.newConfigs().basePath(args[0]).numOfNode(1).disableESLogger());
        Thread.currentThread().join();
    }
}
