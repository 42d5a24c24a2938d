using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Ingest.Client;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>The server under test, from a Release build, with its data folder where the peer's files are.</summary>
internal sealed class BroadcastUnderTest : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _data;

    private BroadcastUnderTest(ChildProcess process, string data, JsonElement ready)
    {
        (_process, _data) = (process, data);
        Rtmp = new Uri(ready.GetProperty("rtmp").GetString()!);
        Http = new Uri(ready.GetProperty("http").GetString()!);
    }

    public Uri Rtmp { get; }

    public Uri Http { get; }

    /// <summary>The server's process; PostgreSQL is not counted.</summary>
    public int Process => _process.Id;

    public static async Task<BroadcastUnderTest> StartAsync(string data)
    {
        Directory.CreateDirectory(data);
        var process = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "serve", "--data", data, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--rtmps", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--json"]);
        return new BroadcastUnderTest(process, data, await process.WaitForJsonAsync(TimeSpan.FromSeconds(60)));
    }

    /// <summary>Makes channels and says where their encoders publish.</summary>
    public async Task<IReadOnlyList<RtmpTarget>> ChannelsAsync(int count)
    {
        var token = (await ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), "token", "create", "--role", "admin", "--json", "--data", _data])).EnsureSuccess().Json()
            .GetProperty("token").GetString();
        using var api = new HttpClient { BaseAddress = Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var targets = new List<RtmpTarget>();
        for (var i = 1; i <= count; i++)
        {
            using var made = await api.PostAsJsonAsync("/api/v1/channels", new { name = $"bench-{i}" });
            made.EnsureSuccessStatusCode();
            using var body = JsonDocument.Parse(await made.Content.ReadAsStringAsync());
            targets.Add(new RtmpTarget(Rtmp.Host, Rtmp.Port, "live", body.RootElement.GetProperty("streamKey").GetString()!));
        }

        return targets;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(TimeSpan.FromSeconds(15));
        await _process.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}
