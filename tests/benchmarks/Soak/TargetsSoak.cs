using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak --targets MINUTES [--switches N]</c>: publishes a channel to nginx-rtmp, to another Broadcast over RTMPS and to ffmpeg, in both
/// modes. The encoder goes away for MINUTES and returns with another size and frame rate; then another target is switched off and on.
/// Exit code 1 if a receiver saw a second publication, a timestamp that went back, a missing frame, or media that do not decode.
/// </summary>
internal static class TargetsSoak
{
    private const string Copy = "copy";
    private const string Steady = "steady";
    private const string Switched = "switched";
    private const int FramesPerSecond = 30;

    /// <summary>Maximum time between audio frames in mode steady, in milliseconds: two frames of 1024 audio samples at 48 kHz.</summary>
    private const int MaxAudioStep = 43;

    private static readonly string[] Modes = [Copy, Steady];
    private static readonly TimeSpan WithEncoder = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TestSource First = new() { Width = 1280, Height = 720, FrameRate = 30, VideoBitRate = 1_500_000, BFrames = 2 };

    private static readonly TestSource Second =
        new() { Width = 854, Height = 480, FrameRate = 25, VideoBitRate = 1_000_000, SampleRate = 44_100, Tone = 880 };

    /// <summary>Runs the test.</summary>
    /// <param name="away">Time without an encoder.</param>
    /// <param name="switches">Number of switches of another target.</param>
    /// <param name="say">Receives progress messages.</param>
    public static async Task<int> RunAsync(TimeSpan away, int switches, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var findings = new Findings(say);
        var certificate = await IssueAsync(folder);
        await using var nginx = await RecordingNginx.StartAsync();
        await using var other = await BroadcastServer.StartAsync(["--rtmps", "127.0.0.1:0"], new Dictionary<string, string?>
        {
            ["BROADCAST__Tls__CertificateFile"] = certificate, ["BROADCAST__Tls__KeyFile"] = folder.Sub("tls.key"),
            ["BROADCAST__Thumbnails__Enabled"] = "false",
        });
        await using var copyListener = await FfmpegListener.StartAsync(folder.Sub("copy.flv"), Copy);
        await using var steadyListener = await FfmpegListener.StartAsync(folder.Sub("steady.flv"), Steady);
        var listeners = new Dictionary<string, FfmpegListener> { [Copy] = copyListener, [Steady] = steadyListener };

        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["SSL_CERT_FILE"] = certificate,
            ["BROADCAST__Control__AllowedWebhookTargets"] = "127.0.0.1",
            ["BROADCAST__Control__WritesPerSecond"] = "0",
            ["BROADCAST__Thumbnails__Enabled"] = "false",
            ["BROADCAST__Steady__Width"] = "640",
            ["BROADCAST__Steady__Height"] = "360",
            ["BROADCAST__Steady__FrameRate"] = FramesPerSecond.ToString(CultureInfo.InvariantCulture),
            ["BROADCAST__Steady__VideoBitsPerSecond"] = "1000000",
        });
        var channel = await server.AddChannelAsync("main",
            new { record = true, reconnectWindowSeconds = (int)(away.TotalSeconds * 2) + 300 });
        foreach (var mode in Modes)
        {
            var there = await other.AddChannelAsync(mode, new { record = true, reconnectWindowSeconds = 300 });
            await AddAsync(server, $"nginx-{mode}", $"rtmp://127.0.0.1:{nginx.Port}/live", mode, mode);
            await AddAsync(server, $"broadcast-{mode}", $"{other.Rtmps}/live", there.StreamKey, mode);
            await AddAsync(server, $"ffmpeg-{mode}", $"rtmp://127.0.0.1:{listeners[mode].Port}/live", mode, mode);
        }

        await AddAsync(server, Switched, $"rtmp://127.0.0.1:{nginx.Port}/switched", Switched, Copy);
        string[] undisturbed = [.. Modes.SelectMany(mode => new[] { $"nginx-{mode}", $"broadcast-{mode}", $"ffmpeg-{mode}" })];

        await using (var first = FfmpegTool.Publish(server.PublishUrl(channel), First))
        {
            await WaitLiveAsync(server, [.. undisturbed, Switched]);
            say($"all targets are live; the encoder stays for {WithEncoder.TotalSeconds:0} s");
            await Task.Delay(WithEncoder);
            first.Kill();
        }

        say($"the encoder is away for {away.TotalMinutes:0.#} min");
        await Task.Delay(away);
        await using var second = FfmpegTool.Publish(server.PublishUrl(channel), Second);
        await Task.Delay(WithEncoder);
        say($"{switches} switches of another target");
        var off = await SwitchAsync(server, nginx, switches, say);
        await Task.Delay(WithEncoder / 4);
        var states = new Dictionary<string, (string State, long Connections, long Dropped)>();
        foreach (var target in undisturbed)
        {
            states[target] = await StateAsync(server, target);
        }

        say("ends the session, and reads what was received");
        var own = await RecordedSession.DownloadAsync(server, "main", folder.Sub("own"));
        await Poll.UntilAsync(() => Modes.All(mode => nginx.EndedOf(mode) > 0), Limit, "nginx has closed its files");
        foreach (var mode in Modes)
        {
            await listeners[mode].WaitAsync();
        }

        var received = new List<Received>();
        var theirs = new Dictionary<string, DecodedMedia>();
        var sent = (await own.ReadAsync()).Frames;
        foreach (var mode in Modes)
        {
            theirs[mode] = await (await RecordedSession.DownloadAsync(other, mode, folder.Sub("other"))).ReadAsync();
            var reference = mode == Copy ? sent : theirs[mode].Frames;
            var file = nginx.FilesOf(mode).OrderBy(File.GetLastWriteTimeUtc).First();
            received.Add(await ReadAsync($"nginx-{mode}", file, Math.Max(nginx.EndedOf(mode), nginx.FilesOf(mode).Count), reference));
            received.Add(new($"broadcast-{mode}", mode, await PublicationsAsync(other, mode), null, theirs[mode],
                Compare(theirs[mode].Frames, reference)));
            received.Add(await ReadAsync($"ffmpeg-{mode}", listeners[mode].File, 1, reference));
            foreach (var message in listeners[mode].Messages.Where(line => line.Contains("monoton", StringComparison.Ordinal)))
            {
                findings.AddBack($"ffmpeg-{mode}: {message}");
            }
        }

        received.ForEach(one => Judge(one, states[one.Target], findings));
        Console.WriteLine(TargetsSoakReport.Render(away, switches, off, received, states, sent.Count, findings));
        return findings.IsClean ? 0 : 1;
    }

    private static void Judge(Received one, (string State, long Connections, long Dropped) state, Findings findings)
    {
        Check(one.Publications == 1, $"{one.Publications} publications");
        Check(state == ("live", 1, 0), $"state {state.State}, {state.Connections} connections, {state.Dropped} dropped frames");
        Check(one.Media.Complaints.Length == 0, $"decoding: {one.Media.Complaints[..Math.Min(400, one.Media.Complaints.Length)]}");
        if (one.Frames.Different > 0 || one.Frames.Compared < FramesPerSecond * WithEncoder.TotalSeconds)
        {
            findings.AddLost($"{one.Target}: {one.Frames.Different} of {one.Frames.Compared} frames differ");
        }

        if (one.Tags is not { } tags)
        {
            return;
        }

        if (tags.StepsBack > 0)
        {
            findings.AddBack($"{one.Target}: {tags.StepsBack} timestamps");
        }

        if (one.Mode == Steady)
        {
            Check(tags.Headers == 1, $"{tags.Headers} sequence headers");
            Check(tags.OffGrid == 0, $"{tags.OffGrid} frames off the grid");
            Check(tags.LongestAudioStep <= MaxAudioStep, $"a step of {tags.LongestAudioStep} ms between audio frames");
        }

        void Check(bool holds, string text)
        {
            if (!holds)
            {
                findings.AddWrong($"{one.Target}: {text}");
            }
        }
    }

    private static async Task<Received> ReadAsync(string target, string file, int publications, IReadOnlyList<string> reference)
    {
        var media = await DecodedMedia.ReadAsync(file);
        return new(target, target.Split('-')[1], publications, await FlvFigures.ReadAsync(file, FramesPerSecond), media,
            Compare(media.Frames, reference));
    }

    /// <summary>Compares the frames of two receivers of one sequence, which may begin and end at different frames of it.</summary>
    private static (int Compared, int Different) Compare(IReadOnlyList<string> one, IReadOnlyList<string> other)
    {
        if (one.Count == 0 || other.Count == 0)
        {
            return (0, Math.Max(one.Count, other.Count));
        }

        var (from, to) = (0, other.ToList().IndexOf(one[0]));
        if (to < 0)
        {
            (from, to) = (one.ToList().IndexOf(other[0]), 0);
        }

        if (from < 0)
        {
            return (0, one.Count);
        }

        var count = Math.Min(one.Count - from, other.Count - to);
        return (count, Enumerable.Range(0, count).Count(i => one[from + i] != other[to + i]));
    }

    /// <summary>Switches a target off and on.</summary>
    /// <returns>Number of its publications that nginx has counted.</returns>
    private static async Task<int> SwitchAsync(BroadcastServer server, RecordingNginx nginx, int switches, Action<string> say)
    {
        for (var i = 1; i <= switches; i++)
        {
            await SendAsync(server.Api.PatchAsJsonAsync($"/api/v1/channels/main/targets/{Switched}", new { enabled = false }));
            await Poll.UntilAsync(() => nginx.EndedOf(Switched) >= i, Limit, "the publication of the switched target ends");
            await SendAsync(server.Api.PatchAsJsonAsync($"/api/v1/channels/main/targets/{Switched}", new { enabled = true }));
            await WaitLiveAsync(server, Switched);
            if (i % 25 == 0)
            {
                say($"{i} of {switches}");
            }
        }

        return nginx.EndedOf(Switched);
    }

    private static async Task WaitLiveAsync(BroadcastServer server, params string[] targets)
    {
        foreach (var target in targets)
        {
            await Poll.UntilAsync(async () => (await StateAsync(server, target)).State == "live", Limit, $"target {target} is live");
        }
    }

    private static async Task<(string State, long Connections, long Dropped)> StateAsync(BroadcastServer server, string target)
    {
        var view = await server.Api.GetFromJsonAsync<JsonElement>($"/api/v1/channels/main/targets/{target}");
        return (view.GetProperty("state").GetString()!, view.GetProperty("connections").GetInt64(),
            view.GetProperty("droppedFrames").GetInt64());
    }

    private static async Task<int> PublicationsAsync(BroadcastServer server, string channel) =>
        (await server.Api.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{channel}/activity")).EnumerateArray()
            .Count(row => row.GetProperty("type").GetString() == "publish.started");

    private static Task AddAsync(BroadcastServer server, string name, string url, string streamKey, string mode) =>
        SendAsync(server.Api.PostAsJsonAsync("/api/v1/channels/main/targets", new { name, url, streamKey, mode }));

    private static async Task SendAsync(Task<HttpResponseMessage> request)
    {
        using var response = await request;
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    private static async Task<string> IssueAsync(TempFolder folder)
    {
        (await ChildProcess.RunAsync("openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.Sub("tls.key"), "-out", folder.Sub("tls.pem")]))
            .EnsureSuccess();
        return folder.Sub("tls.pem");
    }
}

/// <summary>Media that one receiver got from one target.</summary>
/// <param name="Target">Name of the target.</param>
/// <param name="Mode">Mode of the target.</param>
/// <param name="Publications">Number of publications that the receiver counted.</param>
/// <param name="Tags">Figures of the tags; <see langword="null"/> if the receiver stores no FLV.</param>
/// <param name="Media">Frames and result of decoding.</param>
/// <param name="Frames">Number of frames compared with another record of the same sequence, and of those that differ.</param>
internal sealed record Received(string Target, string Mode, int Publications, FlvFigures? Tags, DecodedMedia Media,
    (int Compared, int Different) Frames);
