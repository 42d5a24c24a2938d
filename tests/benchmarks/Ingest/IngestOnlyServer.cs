using System.Text.Json;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>The ingest module alone in a child process; see <see cref="IngestOnlyHost"/>.</summary>
internal sealed class IngestOnlyServer : IServerUnderTest
{
    private readonly ChildProcess _process;
    private readonly Uri _rtmp;
    private readonly Uri _metrics;

    private IngestOnlyServer(ChildProcess process, JsonElement ready)
    {
        _process = process;
        (_rtmp, _metrics) = (new Uri(ready.GetProperty("rtmp").GetString()!), new Uri(ready.GetProperty("metrics").GetString()!));
    }

    public string Name => "Broadcast, ingest alone";

    public int[] Processes => [_process.Id];

    /// <summary>Starts it with the runtime settings of the built server: garbage collector, thread pool, compiler.</summary>
    public static async Task<IngestOnlyServer> StartAsync()
    {
        var settings = Path.ChangeExtension(Repository.ServerProgram(), ".runtimeconfig.json");
        var process = ChildProcess.Start("dotnet", ["exec", "--runtimeconfig", settings, typeof(IngestOnlyServer).Assembly.Location,
            IngestOnlyHost.Command, "--rtmp", "127.0.0.1:0"]);
        return new IngestOnlyServer(process, await process.WaitForJsonAsync(TimeSpan.FromSeconds(60)));
    }

    public Task<IReadOnlyList<RtmpTarget>> TargetsAsync(int count) =>
        Task.FromResult<IReadOnlyList<RtmpTarget>>([.. Enumerable.Range(1, count)
            .Select(n => new RtmpTarget(_rtmp.Host, _rtmp.Port, "live", $"bench-{n}"))]);

    public async Task<ServerCounts> CountAsync() => (await MetricsPage.ReadAsync(_metrics)).Counts() with { MediaBytes = null };

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
