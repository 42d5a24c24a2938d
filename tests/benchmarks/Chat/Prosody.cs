using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Prosody with one MUC component, and users without accounts over WebSocket.</summary>
internal sealed class Prosody : IAsyncDisposable
{
    /// <summary>Address of the room.</summary>
    public const string Room = "room@muc.bench";

    private const string Program = "/usr/bin/prosody";
    private readonly TempFolder _folder;
    private readonly ChildProcess _process;

    private Prosody(TempFolder folder, ChildProcess process, int port) => (_folder, _process, WebSocket) =
        (folder, process, new Uri(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{port}/xmpp-websocket")));

    /// <summary>Address of the WebSocket.</summary>
    public Uri WebSocket { get; }

    /// <summary>The server's only process.</summary>
    public int Process => _process.Id;

    /// <summary>Checks that Prosody is installed.</summary>
    /// <exception cref="InvalidOperationException">It is missing; the message says how to install it.</exception>
    public static void Require()
    {
        if (!File.Exists(Program) || !File.Exists("/usr/lib/prosody/modules/mod_websocket.lua"))
        {
            throw new InvalidOperationException(
                "Prosody is missing, the peer of the part cost. Debian and Ubuntu: apt-get install prosody");
        }
    }

    /// <summary>Starts it in a temporary folder, and waits until it accepts connections.</summary>
    public static async Task<Prosody> StartAsync()
    {
        Require();
        var (folder, port) = (TempFolder.Create(), FreePort.Next());
        var config = folder.Sub("prosody.cfg.lua");
        await File.WriteAllTextAsync(config, ConfigurationFor(folder.Path, port));
        var prosody = new Prosody(folder, ChildProcess.Start(Program, ["-F", "--config", config]), port);
        try
        {
            using var http = new HttpClient();
            await Poll.UntilAsync(
                async () => !prosody._process.HasExited
                    ? (await http.GetAsync(new Uri($"http://127.0.0.1:{port}/xmpp-websocket"))).IsSuccessStatusCode
                    : throw new InvalidOperationException($"Prosody ended.\n{prosody._process.Tail()}"),
                description: "Prosody answers");
            return prosody;
        }
        catch
        {
            await prosody.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _folder.DisposeAsync();
    }

    // Without modules that a room of viewers does not need: rosters, message archives, and other servers.
    private static string ConfigurationFor(string folder, int port) => $$"""
        run_as_root = true
        pidfile = "{{folder}}/prosody.pid"
        data_path = "{{folder}}"
        log = { warn = "*console" }
        modules_enabled = { "saslauth", "websocket" }
        modules_disabled = { "s2s" }
        c2s_ports = {}
        s2s_ports = {}
        component_ports = {}
        http_interfaces = { "127.0.0.1" }
        http_ports = { {{port}} }
        https_ports = {}
        http_default_host = "bench"
        c2s_require_encryption = false
        consider_websocket_secure = true
        VirtualHost "bench"
          authentication = "anonymous"
        Component "muc.bench" "muc"
          muc_room_locking = false

        """;
}
