using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Enhanced RTMP into the real server, judged by ffprobe and ffmpeg over HTTP. The media was recorded from ffmpeg 7.1, which the machines of these tests do not have.</summary>
public sealed class EnhancedRtmpTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly BroadcastServer _server = shared.Server;

    [Theory]
    [InlineData("hevc")]
    [InlineData("av1")]
    [InlineData("vp9")]
    public async Task What_newer_encoders_publish_decodes_without_a_fault_over_HLS_and_DASH(string codec)
    {
        var channel = await _server.CreateChannelAsync($"enhanced-{codec}", "--ladder", "passthrough");
        await using var encoder = Load(Repository.PathOf("tests", "support", "recordings", codec + ".flv"), channel);
        await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 3, "three segments; " + encoder.Tail());

        foreach (var address in new[] { _server.Hls(channel.Name), _server.Dash(channel.Name) })
        {
            (await FfmpegTool.DecodeAsync(address.ToString(), 3)).ShouldBeEmpty();
            var streams = (await FfmpegTool.ProbeAsync(address.ToString())).GetProperty("streams").EnumerateArray().ToList();
            var video = streams.Single(s => s.GetProperty("codec_type").GetString() == "video");
            (video.GetProperty("codec_name").GetString(), video.GetProperty("width").GetInt32(), video.GetProperty("height").GetInt32()).ShouldBe((codec, 256, 144));
            streams.Single(s => s.GetProperty("codec_type").GetString() == "audio").GetProperty("codec_name").GetString().ShouldBe("aac");
        }
    }

    private ChildProcess Load(string file, CreatedChannel channel) => ChildProcess.Start("dotnet",
        [Repository.ServerProgram(), "load", "publish", "--file", file, "--url", _server.PublishUrl(channel), "--seconds", "120"]);
}
