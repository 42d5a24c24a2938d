using System.Text.Json.Nodes;

namespace Broadcast.Architecture.Tests.Helm;

/// <summary>The chart, rendered with some values.</summary>
internal sealed class Chart
{
    /// <summary>Folder of the chart.</summary>
    public const string Folder = "infra/helm/broadcast";

    /// <summary>Values with which every role has servers of its own.</summary>
    public const string RolesApart = """
        servers: { roles: media, replicas: 3, nodeSelector: { disk: fast }, volume: { storageClass: fast } }
        origin: { enabled: true, tolerations: [{ key: edge, operator: Exists }] }
        ingest: { enabled: true }
        control: { enabled: true }
        options: { Delivery__PublicUrl: "https://live.example.org", Ingest__TrustedProxies: 10.0.0.0/8 }
        extraSecretOptions: [{ option: Authorization__Secret, secret: auth, key: secret }]
        serviceMonitor: { enabled: true }
        storage: { endpoint: "http://s3:9000", prefix: live }
        imagePullSecrets: [{ name: registry }]
        services: { viewers: { annotations: { note: "a: b" } }, encoders: { type: ClusterIP } }
        """;

    private Chart(IReadOnlyList<JsonObject> resources) => Resources = resources;

    /// <summary>The resources.</summary>
    public IReadOnlyList<JsonObject> Resources { get; }

    /// <summary>StatefulSet and Deployments.</summary>
    public IEnumerable<JsonObject> Workloads => Resources.Where(resource => KindOf(resource) is "StatefulSet" or "Deployment");

    /// <summary>The default values.</summary>
    public static JsonObject Defaults => Yaml.Read(Sources.Text($"{Folder}/values.yaml"));

    /// <summary>Renders the chart.</summary>
    /// <param name="values">Values over the default ones.</param>
    public static Chart Render(string values = "{}")
    {
        var merged = Yaml.Merge(Defaults, Yaml.Read(values));
        var files = new ChartTemplates(Folder).Render((IReadOnlyDictionary<string, object?>)Yaml.ToValue(merged)!, "live");
        return new([.. files.Where(file => file.Key.EndsWith(".yaml", StringComparison.Ordinal))
            .SelectMany(file => Yaml.ReadAll(file.Value)).Select(resource => resource.AsObject())]);
    }

    /// <summary>Resources of a kind.</summary>
    public IEnumerable<JsonObject> Of(string kind) => Resources.Where(resource => KindOf(resource) == kind);

    public static string KindOf(JsonObject resource) => resource["kind"]!.GetValue<string>();

    public static string NameOf(JsonObject resource) => resource["metadata"]!["name"]!.GetValue<string>();

    /// <summary>Labels of the pods of a workload.</summary>
    public static Dictionary<string, string> PodLabels(JsonObject workload) =>
        Strings(workload["spec"]!["template"]!["metadata"]!["labels"]!);

    /// <summary>The container of a workload's pods.</summary>
    public static JsonObject ContainerOf(JsonObject workload) =>
        workload["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Single()!.AsObject();

    /// <summary>Returns whether labels have all that a selector asks for.</summary>
    public static bool Selects(JsonNode selector, IReadOnlyDictionary<string, string> labels) =>
        Strings(selector) is { Count: > 0 } asked && asked.All(entry => labels.GetValueOrDefault(entry.Key) == entry.Value);

    public static Dictionary<string, string> Strings(JsonNode map) =>
        map.AsObject().ToDictionary(entry => entry.Key, entry => entry.Value!.GetValue<string>(), StringComparer.Ordinal);
}
