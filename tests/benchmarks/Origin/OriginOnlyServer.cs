using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>The origin in a child process; see <see cref="OriginOnlyHost"/>.</summary>
internal sealed class OriginOnlyServer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _data;
    private int _read = 1;

    private OriginOnlyServer(ChildProcess process, string data, JsonElement ready) =>
        (_process, _data, Port, Session) = (process, data, new Uri(ready.GetProperty("http").GetString()!).Port,
            ready.GetProperty("session").GetString()!);

    /// <summary>Port on loopback.</summary>
    public int Port { get; }

    /// <summary>Path of the session, with a trailing slash.</summary>
    public string Session { get; }

    /// <summary>The server's process.</summary>
    public int Process => _process.Id;

    /// <summary>Starts it with the runtime settings of the built server.</summary>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="isLive">Whether parts are added continuously.</param>
    public static async Task<OriginOnlyServer> StartAsync(string shared, bool isLive)
    {
        var settings = Path.ChangeExtension(Repository.ServerProgram(), ".runtimeconfig.json");
        var data = Path.Combine(shared, "origin");
        var process = ChildProcess.Start(
            "dotnet",
            ["exec", "--runtimeconfig", settings, typeof(OriginOnlyServer).Assembly.Location, OriginOnlyHost.Command, data,
                .. isLive ? ["live"] : Array.Empty<string>()],
            new Dictionary<string, string?> { ["BROADCAST__Spool__MemorySeconds"] = "3600" });
        return new OriginOnlyServer(process, data, await process.WaitForJsonAsync(TimeSpan.FromSeconds(60)));
    }

    /// <summary>Reads the announcement times of parts since the last call, by the machine's monotonic clock.</summary>
    public void ReadParts(ConcurrentDictionary<(long Segment, int Part), long> into)
    {
        var lines = _process.OutputLines;
        for (; _read < lines.Count; _read++)
        {
            if (lines[_read].Split(' ') is ["part", var segment, var part, var ticks])
            {
                into[(Number(segment), (int)Number(part))] = Number(ticks);
            }
        }

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(TimeSpan.FromSeconds(10));
        await _process.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}
