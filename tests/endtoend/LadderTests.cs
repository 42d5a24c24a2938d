using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A ladder encoded by the real server, as players receive it.</summary>
public sealed class LadderTests(LadderServer shared) : IClassFixture<LadderServer>
{
    private readonly BroadcastServer _server = shared.Server;

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Viewers_choose_between_the_source_and_a_rung_segmented_at_the_same_times(int bFrames)
    {
        var channel = await _server.AddChannelAsync($"ladder-{bFrames}", new { ladder = "auto" });
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel), new TestSource { BFrames = bFrames });
        var rung = await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 4, "four segments of the rung", "240p");
        var source = await HlsView.WaitAsync(_server, channel.Name, v => v.Last >= rung.Last, "the same of the source");

        // The first segment can lack media from before the encoder was ready.
        foreach (var segment in Enumerable.Range(1, rung.Segments.Count - 1))
        {
            var number = rung.Sequence + segment;
            rung.Segments[segment].Duration.ShouldBe(source.Segments[(int)(number - source.Sequence)].Duration, $"segment {number}");
        }

        foreach (var address in new[] { _server.Hls(channel.Name), _server.Dash(channel.Name) })
        {
            (await FfmpegTool.DecodeAsync(address.ToString(), 3)).ShouldBeEmpty();
            var heights = (await FfmpegTool.ProbeAsync(address.ToString())).GetProperty("streams").EnumerateArray()
                .Where(s => s.GetProperty("codec_type").GetString() == "video").Select(s => s.GetProperty("height").GetInt32());
            heights.ShouldBe([360, 240], ignoreOrder: true);
        }
    }
}
