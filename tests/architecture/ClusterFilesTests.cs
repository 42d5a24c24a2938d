using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Broadcast.Architecture.Tests.Helm;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>
/// Files for running a cluster: what they assume about the server and about each other. HAProxy, keepalived and Docker do not run here.
/// </summary>
public sealed partial class ClusterFilesTests
{
    private static readonly string Balancer = Sources.Text("infra/haproxy/haproxy.cfg");
    private static readonly JsonObject Services = Yaml.Read(Sources.Text("docker-compose.cluster.yml"))["services"]!.AsObject();

    /// <summary>Names of the services that run Broadcast servers.</summary>
    private static readonly string[] Servers =
        [.. Services.Where(service => service.Value!["image"]?.GetValue<string>() == "broadcast:local").Select(service => service.Key)];

    [Fact]
    public void Compose_file_runs_servers_with_data_folders_of_their_own_on_one_database_and_bucket()
    {
        Servers.Length.ShouldBeGreaterThan(1);
        Servers.SelectMany(name => Services[name]!["volumes"]!.AsArray()).Select(volume => volume!.GetValue<string>()).ShouldBeUnique();
        Servers.Select(name => Services[name]!["environment"]!.ToJsonString()).Distinct().ShouldHaveSingleItem();
        foreach (var server in Servers)
        {
            var command = Services[server]!["command"]!.AsArray().Select(word => word!.GetValue<string>()).ToList();
            command[0].ShouldBe("serve");
            command[command.IndexOf("--internal") + 1].ShouldBe("*:8090", "the other servers reach it");
            Services[server]!.AsObject().ContainsKey("ports").ShouldBeFalse("only HAProxy and the edge are published");
        }
    }

    [Fact]
    public void Compose_file_uses_existing_files_services_and_volumes()
    {
        var root = Yaml.Read(Sources.Text("docker-compose.cluster.yml"));
        var volumes = root["volumes"]!.AsObject().Select(volume => volume.Key).ToList();
        foreach (var (name, service) in Services)
        {
            foreach (var source in (service!["volumes"]?.AsArray() ?? []).Select(volume => volume!.GetValue<string>().Split(':')[0]))
            {
                (source.StartsWith("./", StringComparison.Ordinal) ? File.Exists(Repository.PathOf(source[2..])) : volumes.Contains(source))
                    .ShouldBeTrue($"{source} of {name}");
            }

            var needed = service["depends_on"] switch
            {
                JsonObject map => map.Select(entry => entry.Key),
                JsonArray list => list.Select(entry => entry!.GetValue<string>()),
                _ => [],
            };
            needed.ShouldAllBe(other => Services.ContainsKey(other), name);
        }
    }

    [Fact]
    public void Edge_asks_HAProxy_under_the_name_in_its_configuration()
    {
        var host = BackendHost().Match(Sources.Text("infra/edge/varnish.vcl")).Groups["host"].Value;
        Services["haproxy"]!["networks"]!["default"]!["aliases"]!.AsArray().Select(alias => alias!.GetValue<string>()).ShouldBe([host]);
        Services["edge"]!["volumes"]!.ToJsonString().ShouldContain("infra/edge/varnish.vcl");
    }

    [Fact]
    public void HAProxy_listens_and_forwards_on_the_ports_of_the_server_and_checks_readiness()
    {
        var options = JsonDocument.Parse(Sources.Text("tests/host/golden/config.json")).RootElement;
        long[] ports = [Port("Rtmp"), 1936, Port("Http")];
        Bind().Matches(Balancer).Select(match => long.Parse(match.Groups["port"].Value)).ShouldBe(ports);
        Server().Matches(Balancer).Select(match => long.Parse(match.Groups["port"].Value)).Distinct().ShouldBe(ports);
        Balancer.ShouldContain($"default-server check port {Port("Internal")} ");
        Checked().Count(Balancer).ShouldBe(ports.Length);
        Sources.Text("host/Observability/InternalPages.cs").ShouldContain("\"/readyz\"");

        long Port(string option) => long.Parse(options.GetProperty($"Listen:{option}").GetString()!.Split(':')[^1]);
    }

    [Fact]
    public void Every_backend_of_HAProxy_has_the_servers_of_the_compose_file()
    {
        var backends = Balancer.Split("\nbackend ")[1..];
        backends.Length.ShouldBe(3);
        foreach (var backend in backends)
        {
            Server().Matches(backend).Select(match => match.Groups["host"].Value).ShouldBe(Servers, ignoreOrder: true);
            backend.Contains("send-proxy-v2", StringComparison.Ordinal).ShouldBe(backend.StartsWith("encoders", StringComparison.Ordinal));
        }

        Services[Servers[0]]!["environment"]!.AsObject().ContainsKey("BROADCAST__Ingest__TrustedProxies").ShouldBeTrue("PROXY headers");
    }

    [Fact]
    public void Keepalived_asks_a_page_that_HAProxy_answers()
    {
        var page = CheckedPage().Match(Sources.Text("infra/keepalived/keepalived.conf"));
        Bind().Matches(Balancer).Select(match => match.Groups["port"].Value).ShouldContain(page.Groups["port"].Value);
        Balancer.ShouldContain($"monitor-uri {page.Groups["path"].Value}\n");
    }

    [Fact]
    public void Systemd_unit_starts_the_program_with_existing_flags_and_waits_for_its_stop()
    {
        var unit = Sources.Text("infra/systemd/broadcast@.service");
        var start = Regex.Match(unit, "^ExecStart=(?<line>.+)$", RegexOptions.Multiline).Groups["line"].Value;
        var help = Sources.Text("tests/host/golden/help.txt");
        foreach (Match flag in Flag().Matches(start))
        {
            help.ShouldContain(flag.Value + " ");
        }

        start.ShouldContain("/broadcast-server.dll serve --data /var/lib/broadcast/%i ");
        unit.ShouldContain("StateDirectory=broadcast/%i\n");
        unit.ShouldContain("LimitNOFILE=65536\n");
        int.Parse(Regex.Match(unit, @"TimeoutStopSec=(?<seconds>\d+)").Groups["seconds"].Value).ShouldBeGreaterThan(10);
        foreach (Match variable in EnvironmentFlag().Matches(start))
        {
            unit.ShouldContain($"\nEnvironment={variable.Groups["name"].Value}=", Case.Sensitive, "it has a default");
        }
    }

    [GeneratedRegex(@"^ +bind :(?<port>\d+)$", RegexOptions.Multiline)]
    private static partial Regex Bind();

    [GeneratedRegex(@"^ +server \w+ (?<host>[\w-]+):(?<port>\d+)", RegexOptions.Multiline)]
    private static partial Regex Server();

    [GeneratedRegex(@"^ +option httpchk GET /readyz$", RegexOptions.Multiline)]
    private static partial Regex Checked();

    [GeneratedRegex(@"backend origin \{\s+\.host = ""(?<host>[^""]+)""")]
    private static partial Regex BackendHost();

    [GeneratedRegex(@"http://127\.0\.0\.1:(?<port>\d+)(?<path>/[\w-]+)")]
    private static partial Regex CheckedPage();

    [GeneratedRegex("--[a-z]+")]
    private static partial Regex Flag();

    [GeneratedRegex(@"\$\{(?<name>\w+)\}")]
    private static partial Regex EnvironmentFlag();
}
