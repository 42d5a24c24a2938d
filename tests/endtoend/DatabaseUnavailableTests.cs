using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>An outage of PostgreSQL during a broadcast (row F32 of the edge cases).</summary>
[SingleServer("Stops the private database of a server.")]
public sealed class DatabaseUnavailableTests
{
    private const int AcceptedFromMemory = 5025;

    [Fact]
    public async Task PostgreSQL_outage_keeps_streams_and_known_encoders_and_postponed_work_is_caught_up_F32()
    {
        // The database is another server's private one. That server is suspended during the outage, otherwise it would restart PostgreSQL
        // immediately.
        await using var keeper = await BroadcastServer.StartAsync();
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Database__ConnectionString"] =
                $"Host={Path.Combine(keeper.Data, "postgres")};Username=broadcast;Database=broadcast",
            ["BROADCAST__Slate__Enabled"] = "false",
        });
        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", keeper.AdminToken);
        await CommandWithoutEnvironmentAsync(server, api);
        var (main, side, spare) = (await MakeChannelAsync(api, "main"), await MakeChannelAsync(api, "side"),
            await MakeChannelAsync(api, "spare"));
        await using var onMain = FfmpegTool.Publish(server.PublishUrl(main), Signals.Small);
        await using var onSide = FfmpegTool.Publish(server.PublishUrl(side), Signals.Small);
        await HlsView.WaitAsync(server, "side", v => v.Segments.Count >= 1, "the side stage is on air");
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");

        // Its start is in the past and its encoder is connected, so it goes live immediately; its end is due during the outage.
        var now = TimeProvider.System.GetUtcNow();
        var end = now.AddSeconds(12);
        using var planned = await api.PostAsJsonAsync("/api/v1/events",
            new { title = "The gala", channel = "side", start = end.AddSeconds(-60), end, graceSeconds = 0 });
        planned.EnsureSuccessStatusCode();
        var gala = $"/api/v1/events/{(await planned.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()}";
        await UntilAsync(api, gala, "live");

        var viewer = FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 12);
        keeper.Process.Signal(UnixSignal.Stop);
        await StopPostgresAsync(keeper);
        await using var known = FfmpegTool.Publish(server.PublishUrl(spare), Signals.Small);
        var let = await HlsView.WaitAsync(server, "spare", v => v.Segments.Count >= 1,
            "an encoder with a cached key is accepted and can be watched");
        server.Logged(AcceptedFromMemory).ShouldNotBeEmpty("the database is unavailable");
        await Poll.UntilAsync(() => TimeProvider.System.GetUtcNow() > end.AddSeconds(1), TimeSpan.FromSeconds(30),
            "the event's end has come");
        (await viewer).ShouldBeEmpty("playback was not affected");
        onSide.HasExited.ShouldBeFalse("the end of its event is not yet known");
        using (var inside = new HttpClient { BaseAddress = server.Internal })
        {
            (await inside.GetAsync("/readyz")).IsSuccessStatusCode.ShouldBeTrue("the server remains ready for viewers");
        }

        keeper.Process.Signal(UnixSignal.Continue);
        var over = await UntilAsync(api, gala, "ended");
        over.GetProperty("endedAt").GetDateTimeOffset().ShouldBeGreaterThan(end);
        await Poll.UntilAsync(() => onSide.HasExited, TimeSpan.FromSeconds(20), "the encoder of the event is disconnected");
        await Poll.UntilAsync(
            async () => (await api.GetFromJsonAsync<JsonElement>("/api/v1/channels/spare/sessions")).EnumerateArray()
            .Any(s => s.GetProperty("id").GetString() == let.Session),
            TimeSpan.FromSeconds(30), "the session that began without the database is in it");
        await Poll.UntilAsync(
            async () => (await api.GetAsync($"/api/v1/recordings/{let.Session}")).IsSuccessStatusCode, TimeSpan.FromSeconds(30),
            "and so is its recording");

        await HangAsync(keeper, server);
        var after = await HlsView.WaitAsync(server, "main", v => v.Last >= before.Last + 5, "the stream continued throughout");
        after.Session.ShouldBe(before.Session);
        after.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
        (await DecodedFrames.ReadAsync(server, "main", after, Signals.Small.FrameRate)).Count
            .ShouldBe(after.Segments.Count, "every segment has all of its frames");
        (onMain.HasExited, known.HasExited).ShouldBe((false, false));
    }

    /// <summary>A command finds the database of the running server, whatever environment its shell has.</summary>
    private static async Task CommandWithoutEnvironmentAsync(BroadcastServer server, HttpClient api)
    {
        (await ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), "channel", "create", "bare", "--data", server.Data, "--json"]))
            .EnsureSuccess();

        (await api.GetAsync("/api/v1/channels/bare")).IsSuccessStatusCode.ShouldBeTrue("it is in the server's database");
        Directory.Exists(Path.Combine(server.Data, "postgres")).ShouldBeFalse("no other database was created");
    }

    /// <summary>
    /// Suspends PostgreSQL, so that it accepts connections and never answers, while requests for unknown recordings arrive at 50/s.
    /// Playlists are answered and segments are written as if nothing had happened.
    /// </summary>
    private static async Task HangAsync(BroadcastServer keeper, BroadcastServer server)
    {
        const int Ticks = 500;
        var before = (await HlsView.ReadAsync(server, "main"))!.Last;
        keeper.Process.Signal(UnixSignal.Stop);
        var postmaster = (await File.ReadAllLinesAsync(Path.Combine(keeper.Data, "postgres", "postmaster.pid")))[0].Trim();
        string[] processes =
        [
            postmaster, .. (await ChildProcess.RunAsync("ps", ["-o", "pid=", "--ppid", postmaster])).EnsureSuccess().Output
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
        ];
        (await ChildProcess.RunAsync("kill", ["-STOP", .. processes])).EnsureSuccess();
        var (lookups, playlists, queues) = (new List<Task<HttpStatusCode>>(), new List<Task<HttpStatusCode>>(), new List<Task<long?>>());
        try
        {
            using var inside = new HttpClient { BaseAddress = server.Internal };
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            for (var i = 0; i < Ticks && await pace.WaitForNextTickAsync(); i++)
            {
                lookups.Add(StatusAsync(server.Client, $"/vod/{SessionId.New(TimeProvider.System.GetUtcNow())}/index.m3u8"));
                if (i % 5 == 0)
                {
                    playlists.Add(StatusAsync(server.Client, "/live/main/index.m3u8"));
                }

                if (i % 25 == 0)
                {
                    queues.Add(QueueAsync(inside));
                }
            }

            (await Task.WhenAll(playlists)).ShouldAllBe(status => status == HttpStatusCode.OK);
            (await Task.WhenAll(lookups)).ShouldAllBe(status => status == HttpStatusCode.ServiceUnavailable);
            (await Task.WhenAll(queues)).Max().ShouldNotBeNull().ShouldBeLessThan(50, "work does not queue behind blocked threads");
            (await HlsView.ReadAsync(server, "main"))!.Last.ShouldBeGreaterThan(before, "segments are written");
        }
        finally
        {
            (await ChildProcess.RunAsync("kill", ["-CONT", .. processes])).EnsureSuccess();
            keeper.Process.Signal(UnixSignal.Continue);
        }
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return response.StatusCode;
    }

    /// <summary>Length of the queue of the thread pool; <see langword="null"/> when it has not been measured for this response.</summary>
    private static async Task<long?> QueueAsync(HttpClient inside) =>
        (await inside.GetStringAsync("/metrics")).Split('\n')
            .SingleOrDefault(line => line.StartsWith("dotnet_thread_pool_queue_length ", StringComparison.Ordinal)) is { } line
            ? long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) : null;

    private static async Task<CreatedChannel> MakeChannelAsync(HttpClient api, string name)
    {
        using var made = await api.PostAsJsonAsync("/api/v1/channels", new { name, ladder = "passthrough" });
        made.EnsureSuccessStatusCode();
        return new(name, (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("streamKey").GetString()!);
    }

    private static async Task<JsonElement> UntilAsync(HttpClient api, string address, string state)
    {
        JsonElement seen = default;
        await Poll.UntilAsync(
            async () => (seen = await api.GetFromJsonAsync<JsonElement>(address)).GetProperty("state").GetString() == state,
            TimeSpan.FromSeconds(60), $"the event is {state}");
        return seen;
    }

    /// <summary>Stops the private PostgreSQL of a suspended server: existing connections are cut, and new ones are refused.</summary>
    private static async Task StopPostgresAsync(BroadcastServer keeper)
    {
        var file = Path.Combine(keeper.Data, "postgres", "postmaster.pid");
        (await ChildProcess.RunAsync("kill", ["-INT", (await File.ReadAllLinesAsync(file))[0].Trim()])).EnsureSuccess();
        await Poll.UntilAsync(() => !File.Exists(file), TimeSpan.FromSeconds(20), "PostgreSQL is stopped");
    }
}
