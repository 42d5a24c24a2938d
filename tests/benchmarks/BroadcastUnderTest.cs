using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>The server under test, from a Release build, with its data folder on the same file system as the files of nginx-rtmp.</summary>
internal sealed class BroadcastUnderTest : IServerUnderTest
{
    private readonly ChildProcess _process;
    private readonly string _data;
    private readonly Uri _internal;

    private BroadcastUnderTest(ChildProcess process, string data, JsonElement ready)
    {
        (_process, _data) = (process, data);
        Rtmp = new Uri(ready.GetProperty("rtmp").GetString()!);
        Http = new Uri(ready.GetProperty("http").GetString()!);
        _internal = new Uri(ready.GetProperty("internal").GetString()!);
    }

    public string Name => "Broadcast";

    public Uri Rtmp { get; }

    public Uri Http { get; }

    /// <summary>The server's process, without PostgreSQL.</summary>
    public int[] Processes => [_process.Id];

    /// <summary>Starts the server.</summary>
    /// <param name="data">Data folder, deleted on disposal.</param>
    /// <param name="environment">Options, such as <c>BROADCAST__Ingest__…</c>.</param>
    public static async Task<BroadcastUnderTest> StartAsync(string data, IReadOnlyDictionary<string, string?>? environment = null)
    {
        Directory.CreateDirectory(data);
        var process = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "serve", "--data", data, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--rtmps",
                "127.0.0.1:0", "--internal", "127.0.0.1:0", "--json"],
            new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>(StringComparer.Ordinal),
                StringComparer.Ordinal) { ["BROADCAST__Control__WritesPerSecond"] = "0" });
        return new BroadcastUnderTest(process, data, await process.WaitForJsonAsync(TimeSpan.FromSeconds(60)));
    }

    /// <summary>Creates channels and returns their publish addresses.</summary>
    public async Task<IReadOnlyList<RtmpTarget>> TargetsAsync(int count)
    {
        var token = (await ChildProcess.RunAsync("dotnet",
            [Repository.ServerProgram(), "token", "create", "--role", "admin", "--json", "--data", _data])).EnsureSuccess().Json()
            .GetProperty("token").GetString();
        using var api = new HttpClient { BaseAddress = Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var targets = new List<RtmpTarget>();
        for (var i = 1; i <= count; i++)
        {
            using var made = await api.PostAsJsonAsync("/api/v1/channels",
                new { name = $"bench-{i}", ladder = "passthrough", record = false });
            made.EnsureSuccessStatusCode();
            using var body = JsonDocument.Parse(await made.Content.ReadAsStringAsync());
            targets.Add(new RtmpTarget(Rtmp.Host, Rtmp.Port, "live", body.RootElement.GetProperty("streamKey").GetString()!));
        }

        return targets;
    }

    public async Task<ServerCounts> CountAsync() => (await MetricsPage.ReadAsync(_internal)).Counts();

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _process.TerminateAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            // Too much load for an orderly stop: the disposal below kills the server. The measurements remain valid.
        }

        await _process.DisposeAsync();
        OrphanProcesses.End(_data);
        await Poll.UntilAsync(
            () =>
            {
                Directory.Delete(_data, recursive: true);
                return true;
            },
            TimeSpan.FromSeconds(10), $"{_data} can be deleted");
    }
}
