using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Testing;

/// <summary>The shipped configuration of Varnish with other backends.</summary>
public static partial class VarnishFile
{
    private const string Line = "  servers.add_backend(origin);\n";

    /// <summary>Returns the configuration for several servers, changed as its comment explains.</summary>
    /// <param name="servers">Addresses of the servers.</param>
    public static string For(IReadOnlyList<Uri> servers)
    {
        var text = File.ReadAllText(Repository.PathOf("infra", "edge", "varnish.vcl"));
        var (probe, backend) = (Probe().Match(text).Value, Backend().Match(text).Value);
        if (probe.Length == 0 || backend.Length == 0 || !text.Contains(Line, StringComparison.Ordinal))
        {
            throw new InvalidOperationException("varnish.vcl has changed: adapt this class.");
        }

        text = text.Replace(backend, string.Concat(servers.Select((server, i) => Renamed(backend, i)
            .Replace(".host = \"broadcast\";", $".host = \"{server.Host}\";\n  {probe}", StringComparison.Ordinal)
            .Replace(".port = \"8080\";", string.Create(CultureInfo.InvariantCulture, $".port = \"{server.Port}\";"),
                StringComparison.Ordinal))), StringComparison.Ordinal);
        return text.Replace(Line, string.Concat(servers.Select((_, i) => Renamed(Line, i))), StringComparison.Ordinal);
    }

    private static string Renamed(string part, int server) =>
        part.Replace("origin", string.Create(CultureInfo.InvariantCulture, $"origin{server + 1}"), StringComparison.Ordinal);

    [GeneratedRegex(@"\.probe = \{.*\}")]
    private static partial Regex Probe();

    [GeneratedRegex(@"(?<=\n)backend origin \{\n(?:  .*\n)*\}\n")]
    private static partial Regex Backend();
}
