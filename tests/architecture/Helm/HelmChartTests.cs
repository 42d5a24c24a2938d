using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Broadcast.Testing;
using Json.Schema;
using Shouldly;
using Xunit;
using static Broadcast.Architecture.Tests.Helm.Chart;

namespace Broadcast.Architecture.Tests.Helm;

/// <summary>The Helm chart: its values, and the resources that it renders. No test installs it in Kubernetes.</summary>
public sealed partial class HelmChartTests
{
    /// <summary>Stop timeout of the server in seconds, and the wait before it.</summary>
    private const int StopSeconds = 10 + 5;

    public static TheoryData<string> AllValues { get; } = ["{}", RolesApart, "networkPolicy: { enabled: false }",
        "servers: { roles: \"control,media\" }\norigin: { enabled: true }\ningest: { enabled: true }"];

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Values_match_the_schema(string values) => Validate(values).ShouldBeTrue();

    [Theory]
    [InlineData("server: { replicas: 3 }")]
    [InlineData("servers: { replicas: 0 }")]
    [InlineData("servers: { roles: origin }")]
    [InlineData("servers: { roles: \"media,packager\" }")]
    [InlineData("servers: { terminationGracePeriodSeconds: 10 }")]
    [InlineData("servers: { volume: { size: large } }")]
    [InlineData("storage: { endpoint: \"s3:9000\" }")]
    [InlineData("storage: { bucket: \"\" }")]
    [InlineData("database: { existingSecret: \"\" }")]
    [InlineData("database: { connectionString: \"Host=db\" }")]
    [InlineData("options: { PublicUrl: a }")]
    [InlineData("options: { Origin__MaxHeldRequests: 5 }")]
    [InlineData("internalAddress: \"$(POD_IP):9000\"")]
    [InlineData("services: { viewers: { type: Ingress } }")]
    public void Invalid_values_are_rejected_by_the_schema(string values) => Validate(values).ShouldBeFalse();

    [Fact]
    public void Every_value_is_in_the_schema_and_every_documented_default_is_used()
    {
        var schema = JsonNode.Parse(Sources.Text($"{Folder}/values.schema.json"))!;
        schema["properties"]!.AsObject().Select(property => property.Key).Where(name => name != "global")
            .ShouldBe(Defaults.Select(value => value.Key), ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Resources_are_complete_and_have_different_names(string values)
    {
        var chart = Render(values);
        chart.Resources.ShouldNotBeEmpty();
        chart.Resources.Select(resource => $"{KindOf(resource)} {NameOf(resource)}").ShouldBeUnique();
        foreach (var resource in chart.Resources)
        {
            resource["apiVersion"].ShouldNotBeNull();
            NameOf(resource).ShouldStartWith("live-");
            Strings(resource["metadata"]!["labels"]!).ShouldContainKeyAndValue("app.kubernetes.io/name", "broadcast");
            KindOf(resource).ShouldNotBe("Secret");
        }
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Selectors_match_the_pods(string values)
    {
        var chart = Render(values);
        foreach (var workload in chart.Workloads)
        {
            Selects(workload["spec"]!["selector"]!["matchLabels"]!, PodLabels(workload)).ShouldBeTrue(NameOf(workload));
            chart.Workloads.Count(other => Selects(workload["spec"]!["selector"]!["matchLabels"]!, PodLabels(other))).ShouldBe(1);
            chart.Of("PodDisruptionBudget").Count(budget => Selects(budget["spec"]!["selector"]!["matchLabels"]!, PodLabels(workload)))
                .ShouldBe(1, NameOf(workload));
        }

        chart.Of("PodDisruptionBudget").Count().ShouldBe(chart.Workloads.Count());
        foreach (var service in chart.Of("Service"))
        {
            var pods = chart.Workloads.Where(workload => Selects(service["spec"]!["selector"]!, PodLabels(workload))).ToList();
            pods.ShouldNotBeEmpty(NameOf(service));
            foreach (var (pod, port) in pods.SelectMany(pod => service["spec"]!["ports"]!.AsArray().Select(port => (pod, port!))))
            {
                PortsOf(pod)[port["targetPort"]!.GetValue<string>()].ShouldBe(port["port"]!.GetValue<long>(), NameOf(service));
            }
        }
    }

    [Theory]
    [InlineData("{}", "servers: all http internal rtmp rtmps")]
    [InlineData(RolesApart, "control: control http internal", "ingest: ingest internal rtmp rtmps", "origin: origin http internal",
        "servers: media internal")]
    public void Pods_have_the_roles_and_ports_of_their_workload(string values, params string[] expected)
    {
        var workloads = Render(values).Workloads.ToList();
        workloads.Select(workload => $"{NameOf(workload)["live-".Length..]}: {RolesOf(workload)} "
            + string.Join(' ', PortsOf(workload).Keys.Order(StringComparer.Ordinal))).ShouldBe(expected, ignoreOrder: true);
        var known = RoleName().Matches(Sources.Text("media/ServerRoles.cs")).Select(match => match.Groups["name"].Value).ToList();
        workloads.SelectMany(workload => RolesOf(workload).Split(',')).ShouldAllBe(role => known.Contains(role));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Ports_and_probes_are_those_of_the_server(string values)
    {
        var listeners = JsonDocument.Parse(Sources.Text("tests/host/golden/config.json")).RootElement;
        var pages = Sources.Text("host/Observability/InternalPages.cs");
        foreach (var workload in Render(values).Workloads)
        {
            var (container, ports) = (ContainerOf(workload), PortsOf(workload));
            foreach (var (name, option) in new[] { ("rtmp", "Rtmp"), ("http", "Http"), ("internal", "Internal") }
                .Where(port => ports.ContainsKey(port.Item1)))
            {
                listeners.GetProperty($"Listen:{option}").GetString().ShouldEndWith($":{ports[name]}");
            }

            ArgumentsOf(container).ShouldContain($"*:{ports["internal"]}", NameOf(workload));
            foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
            {
                var get = container[probe].ShouldNotBeNull($"{probe} of {NameOf(workload)}")["httpGet"]!;
                get["port"]!.GetValue<string>().ShouldBe("internal");
                pages.ShouldContain($"\"{get["path"]}\"");
            }

            workload["spec"]!["template"]!["spec"]!["terminationGracePeriodSeconds"]!.GetValue<long>().ShouldBeGreaterThan(StopSeconds);
        }
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Pods_have_no_rights_and_write_only_to_their_volumes(string values)
    {
        foreach (var workload in Render(values).Workloads)
        {
            var (pod, container) = (workload["spec"]!["template"]!["spec"]!, ContainerOf(workload));
            pod["automountServiceAccountToken"]!.GetValue<bool>().ShouldBeFalse();
            pod["securityContext"]!["runAsNonRoot"]!.GetValue<bool>().ShouldBeTrue();
            container["securityContext"]!["readOnlyRootFilesystem"]!.GetValue<bool>().ShouldBeTrue();
            container["securityContext"]!["allowPrivilegeEscalation"]!.GetValue<bool>().ShouldBeFalse();
            container["securityContext"]!["capabilities"]!["drop"]!.ToJsonString().ShouldBe("[\"ALL\"]");
            container["resources"]!["requests"].ShouldNotBeNull();
            container["resources"]!["limits"]!["memory"].ShouldNotBeNull();

            var mounts = container["volumeMounts"]!.AsArray()
                .ToDictionary(mount => mount!["mountPath"]!.GetValue<string>(), mount => mount!["name"]!.GetValue<string>());
            mounts.Keys.ShouldBe(["/data", "/tmp"], ignoreOrder: true);
            var volumes = pod["volumes"]!.AsArray().Select(volume => volume!["name"]!.GetValue<string>());
            var claims = workload["spec"]!["volumeClaimTemplates"]?.AsArray()
                .Select(claim => claim!["metadata"]!["name"]!.GetValue<string>());
            volumes.Concat(claims ?? []).ShouldBe(mounts.Values, ignoreOrder: true);
            (claims is not null).ShouldBe(RolesOf(workload) == "all" || RolesOf(workload).Contains("media"), NameOf(workload));
        }
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public async Task Server_has_every_option_and_secrets_come_from_secrets(string values)
    {
        foreach (var workload in Render(values).Workloads)
        {
            var (options, secret) = (new Dictionary<string, string?>(), new List<string>());
            foreach (var variable in ContainerOf(workload)["env"]!.AsArray().Select(variable => variable!.AsObject()))
            {
                var name = variable["name"]!.GetValue<string>();
                if (variable["valueFrom"]?["secretKeyRef"] is { } reference)
                {
                    variable.ContainsKey("value").ShouldBeFalse(name);
                    reference["name"]!.GetValue<string>().ShouldNotBeEmpty();
                    reference["key"]!.GetValue<string>().ShouldNotBeEmpty();
                    secret.Add(name);
                }

                options[name] = variable["value"]?.GetValue<string>().Replace("$(POD_IP)", "10.0.0.2", StringComparison.Ordinal)
                    ?? "0123456789abcdef0123456789abcdef";
            }

            secret.ShouldBe(options.Keys.Where(name => SecretName().IsMatch(name)), ignoreOrder: true);
            options.Remove("POD_IP").ShouldBeTrue();
            options["BROADCAST__Database__ConnectionString"] = "Host=db;Database=broadcast";
            var check = await ConfigurationCheck.RunAsync(options);
            check.ExitCode.ShouldBe(0, $"{NameOf(workload)}: {check.Error}");
        }
    }

    [Fact]
    public void Only_servers_and_monitoring_reach_the_internal_port()
    {
        var chart = Render(RolesApart);
        var policy = chart.Of("NetworkPolicy").ShouldHaveSingleItem()["spec"]!;
        chart.Workloads.ShouldAllBe(workload => Selects(policy["podSelector"]!["matchLabels"]!, PodLabels(workload)));
        var rules = policy["ingress"]!.AsArray().Select(rule => rule!.AsObject()).ToList();
        rules.Where(rule => !rule.ContainsKey("from")).SelectMany(PortsOfRule).ShouldBe([1935L, 1936L, 8080L], ignoreOrder: true);
        var inside = rules.Where(rule => rule.ContainsKey("from")).ShouldHaveSingleItem();
        PortsOfRule(inside).ShouldBe([8090L]);
        var peers = inside["from"]!.AsArray();
        peers.Count.ShouldBe(2);
        chart.Workloads.ShouldAllBe(workload => Selects(peers[0]!["podSelector"]!["matchLabels"]!, PodLabels(workload)));
        Strings(peers[1]!["namespaceSelector"]!["matchLabels"]!).ShouldContainKeyAndValue("kubernetes.io/metadata.name", "monitoring");
        Render("networkPolicy: { enabled: false }").Of("NetworkPolicy").ShouldBeEmpty();

        static IEnumerable<long> PortsOfRule(JsonObject rule) =>
            rule["ports"]!.AsArray().Select(port => port!["port"]!.GetValue<long>());
    }

    [Fact]
    public void Monitor_scrapes_the_metrics_of_all_pods()
    {
        Render().Of("ServiceMonitor").ShouldBeEmpty();
        var chart = Render(RolesApart);
        var monitor = chart.Of("ServiceMonitor").ShouldHaveSingleItem()["spec"]!;
        var service = chart.Of("Service").Where(service => Selects(monitor["selector"]!["matchLabels"]!,
            Strings(service["metadata"]!["labels"]!))).ShouldHaveSingleItem();
        chart.Workloads.ShouldAllBe(workload => Selects(service["spec"]!["selector"]!, PodLabels(workload)));
        var endpoint = monitor["endpoints"]!.AsArray().ShouldHaveSingleItem()!;
        service["spec"]!["ports"]!.AsArray().Select(port => port!["name"]!.GetValue<string>())
            .ShouldContain(endpoint["port"]!.GetValue<string>());
        Sources.Text("host/Observability/InternalPages.cs").ShouldContain($"\"{endpoint["path"]}\"");
    }

    [Fact]
    public void Values_of_users_get_where_they_belong()
    {
        var chart = Render(RolesApart);
        var servers = chart.Of("StatefulSet").ShouldHaveSingleItem();
        servers["spec"]!["replicas"]!.GetValue<long>().ShouldBe(3);
        Strings(servers["spec"]!["template"]!["spec"]!["nodeSelector"]!).ShouldContainKeyAndValue("disk", "fast");
        servers["spec"]!["volumeClaimTemplates"]![0]!["spec"]!["storageClassName"]!.GetValue<string>().ShouldBe("fast");
        var origin = chart.Of("Deployment").Single(deployment => NameOf(deployment) == "live-origin")["spec"]!["template"]!["spec"]!;
        origin["tolerations"]![0]!["key"]!.GetValue<string>().ShouldBe("edge");
        origin["imagePullSecrets"]![0]!["name"]!.GetValue<string>().ShouldBe("registry");
        var viewers = chart.Of("Service").Single(service => NameOf(service) == "live-viewers");
        Strings(viewers["metadata"]!["annotations"]!).ShouldContainKeyAndValue("note", "a: b");
        var encoders = chart.Of("Service").Single(service => NameOf(service) == "live-encoders");
        encoders["spec"]!.AsObject().ContainsKey("externalTrafficPolicy").ShouldBeFalse("it is a ClusterIP");
    }

    [Theory]
    [InlineData("servers: { roles: \"control,media,origin\" }", "ingest")]
    [InlineData("servers: { roles: media }\norigin: { enabled: true }\ningest: { enabled: true }", "control")]
    public void Chart_without_servers_for_a_role_is_rejected(string values, string role) =>
        Should.Throw<ChartException>(() => Render(values)).Message.ShouldContain($"role {role}");

    private static bool Validate(string values)
    {
        var schema = JsonSchema.FromText(Sources.Text($"{Folder}/values.schema.json"));
        return schema.Evaluate(Yaml.Merge(Defaults, Yaml.Read(values))).IsValid;
    }

    private static Dictionary<string, long> PortsOf(JsonObject workload) => ContainerOf(workload)["ports"]!.AsArray()
        .ToDictionary(port => port!["name"]!.GetValue<string>(), port => port!["containerPort"]!.GetValue<long>());

    private static List<string> ArgumentsOf(JsonObject container) =>
        [.. container["args"]!.AsArray().Select(argument => argument!.GetValue<string>())];

    private static string RolesOf(JsonObject workload) =>
        ArgumentsOf(ContainerOf(workload)) is var arguments && arguments[0] == "serve" ? arguments[arguments.IndexOf("--roles") + 1] : "";

    [GeneratedRegex("Name = \"(?<name>[a-z]+)\"")]
    private static partial Regex RoleName();

    [GeneratedRegex("ConnectionString|AccessKey|SecretKey|Password|Secret$")]
    private static partial Regex SecretName();
}
