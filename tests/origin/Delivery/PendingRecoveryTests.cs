using System.Net;
using Broadcast.Media;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Channels whose earlier sessions are not recovered yet after a start.</summary>
public class PendingRecoveryTests
{
    [Theory]
    [InlineData("/live/demo/index.m3u8")]
    [InlineData("/live/demo/manifest.mpd")]
    [InlineData("/live/demo/status.json")]
    public async Task Channel_whose_sessions_are_not_known_yet_is_temporarily_unavailable_and_not_missing(string path)
    {
        await using var server = await OriginServer.StartAsync();
        var demo = ChannelName.Parse("demo");
        server.Recovery.Pending.Add(demo);
        using (var early = await server.SendAsync(path))
        {
            early.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            early.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        }

        using var other = await server.SendAsync(path.Replace("demo", "other", StringComparison.Ordinal));
        other.StatusCode.ShouldNotBe(HttpStatusCode.ServiceUnavailable);

        // A session that is known is served, whatever else is pending.
        server.Hear(new FakePackager().Video().Segments(5));
        using var known = await server.SendAsync(path);
        known.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
