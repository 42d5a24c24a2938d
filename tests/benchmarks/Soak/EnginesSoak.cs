using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;
using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>
/// Plays the watch page in each browser engine available for Debian in turn, through a kill -9 of the server and an encoder loss. Each
/// engine must recover without a reload of the page, and take part in the chat before and after.
/// </summary>
internal static class EnginesSoak
{
    /// <summary>
    /// Maximum latency of a recovered page, in seconds: the hold-back of a standard channel, plus the time to reload the video.
    /// </summary>
    private const double MaxBehind = 30;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EncoderAway = TimeSpan.FromSeconds(10);

    /// <summary>Time to recover after the end of the measured time.</summary>
    private static readonly TimeSpan ReturnTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Counts in the page: quarter seconds with advancing playback, and stalls after its start.</summary>
    private const string Counter = """
        const soak = window.soak = { played: 0, moving: 0, waits: 0, last: -1, at: performance.now() };
        document.addEventListener('waiting', e => { if (soak.played > 0 && !e.target.seeking) soak.waits++; }, true);
        setInterval(() => {
          const video = document.querySelector('video');
          const now = performance.now();
          const step = video === null || soak.last < 0 ? 0 : video.currentTime - soak.last;
          const passed = (now - soak.at) / 1000;
          const moved = step > 0 && step < passed * 2 + 0.5;
          soak.moving = moved ? soak.moving + passed : 0;
          if (moved) soak.played += passed;
          soak.last = video === null ? -1 : video.currentTime;
          soak.at = now;
        }, 250);
        return '';
        """;

    private const string Look = """
        const soak = window.soak ?? null;
        const video = document.querySelector('video');
        return JSON.stringify({ isSame: soak !== null, played: soak?.played ?? 0, moving: soak?.moving ?? 0, waits: soak?.waits ?? 0, muted: video?.muted ?? false,
          state: document.documentElement.dataset.state ?? '', latency: document.documentElement.dataset.latency ?? '' });
        """;

    /// <summary>Runs all engines in turn.</summary>
    /// <param name="length">
    /// Duration per engine. The server is killed after a quarter of it; the encoder disconnects after half, for ten seconds.
    /// </param>
    /// <param name="say">Receives progress messages.</param>
    /// <returns>0 if every engine recovered on its initial page, else 1.</returns>
    public static async Task<int> RunAsync(TimeSpan length, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        say("making the source: 720p30 H.264 at 2.5 Mbit/s, keyframes every 2 s, AAC at 128 kbit/s");
        await FfmpegTool.MakeFileAsync(file, new TestSource { Width = 1280, Height = 720, VideoBitRate = 2_500_000, Seconds = 120 });
        var (http, rtmp) = (FreePort.Next(), FreePort.Next());
        await using var server = await BroadcastServer.StartAsync(
            ["--http", $"127.0.0.1:{http}", "--rtmp", $"127.0.0.1:{rtmp}", "--rtmps", "127.0.0.1:0"]);
        var channel = await server.CreateChannelAsync("engines", "--ladder", "passthrough", "--record", "off");
        await EngineChat.EnableAsync(server, channel.Name);
        Func<BrowserEngine>[] engines =
        [
            () => new ChromiumEngine("Chromium, hls.js", ""),
            () => new ChromiumEngine("Chromium, its own", "?engine=native"),
            () => new FirefoxEngine(),
            () => new WebKitEngine(),
        ];
        var results = new List<Result>();
        foreach (var make in engines)
        {
            await using var engine = make();
            var result = await PlayAsync(server, channel, file, engine, length, say);
            say($"{engine.Name}: {result}");
            results.Add(result);
        }

        Console.WriteLine(Render(length, results));
        return results.TrueForAll(r => r.Failure.Length == 0) ? 0 : 1;
    }

    private static async Task<Result> PlayAsync(BroadcastServer server, CreatedChannel channel, string file, BrowserEngine engine,
        TimeSpan length, Action<string> say)
    {
        await using var encoder = new Encoder(file, server.PublishUrl(channel));
        try
        {
            await Poll.UntilAsync(async () => (await server.Client.GetAsync(server.Hls(channel.Name))).IsSuccessStatusCode, StartTimeout,
                "the channel is live");
            await engine.OpenAsync(new Uri(server.Http, $"/watch/{channel.Name}{engine.Query}"));
            await engine.EvaluateAsync(Counter);
            await UntilItPlaysAsync(engine, "starts");
            var chat = new EngineChat(server, channel.Name, engine);
            var failure = await chat.TryAsync("before");
            var clock = TimeProvider.System.GetTimestamp();
            var begin = await ReadAsync(engine);
            say($"{engine.Name}: plays{(begin.Muted ? ", muted" : "")}");
            await WaitAsync(clock, length / 4);
            await server.Kill();
            await server.RestartAsync();
            say($"{engine.Name}: the server was killed and is ready again");
            await WaitAsync(clock, length / 2);
            await encoder.StopAsync();
            await Task.Delay(EncoderAway, TimeProvider.System);
            encoder.Start();
            say($"{engine.Name}: the encoder was disconnected and is back");
            await WaitAsync(clock, length);
            var seconds = TimeProvider.System.GetElapsedTime(clock).TotalSeconds;
            var counted = await ReadAsync(engine);
            try
            {
                await UntilItPlaysAsync(engine, "recovers", MaxBehind);
            }
            catch (TimeoutException)
            {
                failure = "did not recover";
            }

            if (failure.Length == 0)
            {
                failure = await chat.TryAsync("after");
            }

            var end = await ReadAsync(engine);
            failure = end.IsSame ? failure : "was reloaded";
            return new Result(engine.Name, seconds, counted.Played - begin.Played, counted.Waits - begin.Waits, !end.IsSame, end.Latency,
                end.State, failure);
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or IOException or HttpRequestException
            or PlaywrightException)
        {
            return new Result(engine.Name, 0, 0, 0, false, "", "", e.Message.Split('\n')[0]);
        }
    }

    /// <summary>Three seconds without a stall count as playing. Engines that do not report a latency pass.</summary>
    private static Task UntilItPlaysAsync(BrowserEngine engine, string what, double maxBehind = double.MaxValue) =>
        Poll.UntilAsync(
            async () => await ReadAsync(engine) is var now && (!now.IsSame
                || (now is { State: "live", Moving: > 3 } && Seconds(now.Latency) <= maxBehind)), ReturnTimeout, $"{engine.Name}: {what}");

    private static async Task<Reading> ReadAsync(BrowserEngine engine) =>
        JsonSerializer.Deserialize<Reading>(await engine.EvaluateAsync(Look), JsonSerializerOptions.Web)!;

    private static async Task WaitAsync(long since, TimeSpan until)
    {
        var left = until - TimeProvider.System.GetElapsedTime(since);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, TimeProvider.System);
        }
    }

    private static double Seconds(string latency) => double.TryParse(latency, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    private static string Render(TimeSpan length, IReadOnlyList<Result> results)
    {
        var rows = results.Select(r => string.Create(
            CultureInfo.InvariantCulture,
            $"| {r.Name} | {r.Played:0} of {r.Seconds:0} | {r.Waits} | {(r.IsReloaded ? 1 : 0)} | {(r.Latency.Length > 0 ? $"{r.Latency} s" : "unknown")} | {(r.Failure.Length > 0 ? $"**{r.Failure}**" : "recovered, chat works")} |"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"### The watch page in each engine, {length.TotalSeconds:0} s with a kill -9 of the server and an encoder loss of {EncoderAway.TotalSeconds:0} s\n\n| engine | seconds played | stalls | reloads | latency at the end | |\n|---|---:|---:|---:|---:|---|\n{string.Join('\n', rows)}\n");
    }

    private sealed record Reading(bool IsSame, double Played, double Moving, int Waits, bool Muted, string State, string Latency);

    private sealed record Result(string Name, double Seconds, double Played, int Waits, bool IsReloaded, string Latency, string State,
        string Failure)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Played:0} of {Seconds:0} s played, {Waits} stalls, latency {Latency} s at the end, {State}{(Failure.Length > 0 ? $"; {Failure}" : "")}");
    }

    /// <summary>Publishes until stopped; can be restarted.</summary>
    private sealed class Encoder : IAsyncDisposable
    {
        private readonly string _file;
        private readonly string _address;
        private CancellationTokenSource _stop = new();
        private Task _running;

        public Encoder(string file, string address)
        {
            (_file, _address) = (file, address);
            _running = SoakEncoder.RunAsync(file, address, _stop.Token);
        }

        public void Start()
        {
            _stop.Dispose();
            _stop = new CancellationTokenSource();
            _running = SoakEncoder.RunAsync(_file, _address, _stop.Token);
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }
    }
}
