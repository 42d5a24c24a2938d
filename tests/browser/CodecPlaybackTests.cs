using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// Codecs other than H.264 and AAC in Chromium: on the watch page with hls.js, and in dash.js. Chromium does not support HEVC, AC-3 and
/// E-AC-3.
/// </summary>
public sealed class CodecPlaybackTests(Chromium chromium, PlayerPages pages, CodecChannels live) : IClassFixture<CodecChannels>
{
    [Theory]
    [InlineData("av01", "Opus")]
    [InlineData("vp09", "mp4a")]
    [InlineData("avc1", "fLaC")]
    public async Task Watch_page_plays_every_codec_that_Chromium_supports(string video, string audio)
    {
        var page = await chromium.OpenPlayerAsync(new Uri(live.Server.Http, "/watch/" + CodecChannels.Name(video, audio)));
        await PlaysAsync(() => page.EvaluateAsync<PlayerReport>(
            """
            () => {
              const video = document.querySelector('video');
              return {
                time: video.currentTime, width: video.videoWidth, height: video.videoHeight, frames: video.getVideoPlaybackQuality().totalVideoFrames,
                audioBytes: video.webkitAudioDecodedByteCount, errors: video.error ? [video.error.message] : [],
              };
            }
            """));
        (await page.EvaluateAsync<string>("() => document.documentElement.dataset.state")).ShouldBe("live");
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData("av01", "Opus")]
    [InlineData("vp09", "mp4a")]
    [InlineData("avc1", "fLaC")]
    public async Task Dash_js_plays_every_codec_that_Chromium_supports(string video, string audio)
    {
        var page = await chromium.OpenPlayerAsync(pages.Page("dash", live.Server.Dash(CodecChannels.Name(video, audio))));
        await PlaysAsync(() => PlayerReport.OfAsync(page));
        await page.Context.CloseAsync();
    }

    private static async Task PlaysAsync(Func<Task<PlayerReport>> report)
    {
        var before = new PlayerReport();
        await Poll.UntilAsync(async () => (before = await report()) is { Time: > 0, Frames: > 0, AudioBytes: > 0 }
            || before.Errors.Length > 0, TimeSpan.FromSeconds(30), "it plays");
        var after = before;
        await Poll.UntilAsync(async () => (after = await report()).Time >= before.Time + 3 || after.Errors.Length > 0,
            TimeSpan.FromSeconds(20), "and goes on for three seconds");

        after.Errors.ShouldBeEmpty();
        (after.Width, after.Height).ShouldBe((320, 180));
        (after.Frames - before.Frames).ShouldBeGreaterThan(40);
        after.AudioBytes.ShouldBeGreaterThan(before.AudioBytes);
    }
}

/// <summary>
/// A server with a channel for each pair of codecs, to which the load generator sends ffmpeg's output while the tests of a class run.
/// </summary>
public sealed class CodecChannels : IAsyncLifetime
{
    private static readonly (string Video, string Audio)[] Pairs = [("av01", "Opus"), ("vp09", "mp4a"), ("avc1", "fLaC")];

    private readonly TempFolder _folder = TempFolder.Create();
    private readonly List<ChildProcess> _encoders = [];

    public BroadcastServer Server { get; private set; } = null!;

    public static string Name(string video, string audio) => $"{video}-{audio.ToLowerInvariant()}";

    public async ValueTask InitializeAsync()
    {
        Server = await BroadcastServer.StartAsync();
        foreach (var (video, audio) in Pairs)
        {
            var file = _folder.Sub($"{video}.flv");
            await TracksFile.WriteAsync(file, await CodedTrack.MakeAsync(video, 4), await CodedTrack.MakeAsync(audio, 4));
            var channel = await Server.AddChannelAsync(Name(video, audio), new { ladder = "passthrough" });
            _encoders.Add(ChildProcess.Start("dotnet",
                [Repository.ServerProgram(), "load", "publish", "--file", file, "--url", Server.PublishUrl(channel), "--seconds", "300"]));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var encoder in _encoders)
        {
            await encoder.DisposeAsync();
        }

        await Server.DisposeAsync();
        await _folder.DisposeAsync();
    }
}
