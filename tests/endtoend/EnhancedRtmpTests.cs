using System.Text.RegularExpressions;
using System.Xml.Linq;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// Enhanced RTMP into the real server; ffprobe and ffmpeg check the result over HTTP. Video in newer codecs is a recording of ffmpeg 7.1,
/// which is not installed on the test machines. Streams that no available encoder sends are assembled from tracks encoded by ffmpeg.
/// </summary>
public sealed class EnhancedRtmpTests(SharedServer shared)
{
    private readonly BroadcastServer _server = shared.Server;

    [Theory]
    [InlineData("hevc")]
    [InlineData("av1")]
    [InlineData("vp9")]
    public async Task HLS_and_DASH_streams_of_Enhanced_RTMP_encoders_decode_without_errors(string codec)
    {
        var channel = await _server.AddChannelAsync($"enhanced-{codec}", new { ladder = "passthrough" });
        await using var encoder = Load(Repository.PathOf("tests", "support", "recordings", codec + ".flv"), channel);
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 3, "three segments; " + encoder.Tail());

        foreach (var address in new[] { _server.Hls(channel.Name), _server.Dash(channel.Name) })
        {
            (await FfmpegTool.DecodeAsync(address.ToString(), 3)).ShouldBeEmpty();
            var streams = (await FfmpegTool.ProbeAsync(address.ToString())).GetProperty("streams").EnumerateArray().ToList();
            var video = streams.Single(s => s.GetProperty("codec_type").GetString() == "video");
            (video.GetProperty("codec_name").GetString(), video.GetProperty("width").GetInt32(),
                video.GetProperty("height").GetInt32()).ShouldBe((codec, 256, 144));
            streams.Single(s => s.GetProperty("codec_type").GetString() == "audio").GetProperty("codec_name").GetString().ShouldBe("aac");
        }
    }

    [Fact]
    public async Task Ladder_and_languages_sent_by_the_encoder_are_offered_to_viewers()
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("tracks.flv");
        await TracksFile.WriteAsync(file,
            await CodedTrack.MakeAsync("avc1", 4, height: 360), await CodedTrack.MakeAsync("avc1", 4),
            await CodedTrack.MakeAsync("mp4a", 4, language: "en"), await CodedTrack.MakeAsync("mp4a", 4, tone: 880, language: "de"));
        var channel = await _server.AddChannelAsync("tracks", new { ladder = "passthrough" });
        await using var encoder = Load(file, channel);
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 3, "three segments; " + encoder.Tail());
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 3, "three segments of the other rendition", "180p");

        foreach (var address in new[] { _server.Hls(channel.Name), _server.Dash(channel.Name) })
        {
            (await FfmpegTool.DecodeAsync(address.ToString(), 3)).ShouldBeEmpty();
            var streams = (await FfmpegTool.ProbeAsync(address.ToString())).GetProperty("streams").EnumerateArray().ToList();
            streams.Where(s => s.GetProperty("codec_type").GetString() == "video").Select(s => s.GetProperty("height").GetInt32())
                .ShouldBe([360, 180], ignoreOrder: true);
            streams.Where(s => s.GetProperty("codec_type").GetString() == "audio")
                .Select(s => s.GetProperty("tags").GetProperty("language").GetString())
                .Distinct().ShouldBe(["en", "de"], ignoreOrder: true);
        }
    }

    [Fact]
    public async Task Audio_of_every_accepted_codec_is_decodable_and_named_in_both_manifests()
    {
        string[] sent = ["mp4a", "Opus", "fLaC", "ac-3", "ec-3"];
        await using var folder = TempFolder.Create();
        var file = folder.Sub("audio.flv");
        var audioFrames = await Task.WhenAll(sent.Select((recipe, i) => CodedTrack.MakeAsync(recipe, 4, tone: 440 + (i * 110))));
        await TracksFile.WriteAsync(file, [await CodedTrack.MakeAsync("avc1", 4), .. audioFrames]);
        var channel = await _server.AddChannelAsync("audio", new { ladder = "passthrough" });
        await using var encoder = Load(file, channel);
        var view = await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 3, "three segments; " + encoder.Tail());

        string[] decoded = ["aac", "opus", "flac", "ac3", "eac3"];
        foreach (var (rendition, codec) in new[] { "audio", "audio-2", "audio-3", "audio-4", "audio-5" }.Zip(decoded))
        {
            var audio = await HlsView.WaitAsync(_server, channel.Name, v => v.Last >= view.Last, "audio up to the same segment", rendition);
            audio.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
            var playlist = new Uri(_server.Http, $"/live/{channel.Name}/{audio.Session}/{rendition}.m3u8").ToString();
            (await FfmpegTool.DecodeAsync(playlist, 3)).ShouldBeEmpty(codec);
            (await FfmpegTool.ProbeAsync(playlist)).GetProperty("streams")[0].GetProperty("codec_name").GetString().ShouldBe(codec);
        }

        var hls = await _server.Client.GetStringAsync($"/live/{channel.Name}/index.m3u8");
        var dash = XDocument.Parse(await _server.Client.GetStringAsync($"/live/{channel.Name}/manifest.mpd"));
        string[] names = ["mp4a.40.2", "opus", "fLaC", "ac-3", "ec-3"];
        dash.Descendants().Attributes("codecs").Select(a => a.Value).Where(c => !c.StartsWith("avc1", StringComparison.Ordinal))
            .ShouldBe(names);
        Regex.Matches(hls, "CODECS=\"avc1[^\"]*,([^\"]*)\"").Select(m => m.Groups[1].Value)
            .ShouldBe(names, "the encoder's first one is the first choice, whichever comes first");
    }

    private ChildProcess Load(string file, CreatedChannel channel) => ChildProcess.Start("dotnet",
        [Repository.ServerProgram(), "load", "publish", "--file", file, "--url", _server.PublishUrl(channel), "--seconds", "120"]);
}
