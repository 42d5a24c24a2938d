using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToCluster;
using Shouldly;
using Xunit;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Requests for channels whose session another server may own.</summary>
public sealed class ClusterAvailabilityTests
{
    [Theory]
    [InlineData(ChannelAvailability.Available, HttpStatusCode.OK, HttpStatusCode.OK)]
    [InlineData(ChannelAvailability.Unavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK)]
    [InlineData(ChannelAvailability.Doubtful, HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable)]
    public async Task Playlists_and_media_are_served(ChannelAvailability availability, HttpStatusCode playlist, HttpStatusCode media)
    {
        await using var server = await OriginServer.StartInClusterAsync(new FakeMirrors(availability));
        server.Hear(new FakePackager().Video().Audio().Segments(3));

        (await server.SendAsync("/live/demo/index.m3u8")).StatusCode.ShouldBe(playlist);
        foreach (var name in server.Spool.Objects.Keys.Where(name => name.EndsWith(".m4s", StringComparison.Ordinal)))
        {
            using var response = await server.SendAsync("/" + name);
            response.StatusCode.ShouldBe(media, name);
            response.Headers.CacheControl!.NoStore.ShouldBe(media != HttpStatusCode.OK);
        }

        server.Spool.Objects.Count.ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task Media_of_earlier_sessions_is_served_while_the_current_one_is_in_doubt()
    {
        await using var server = await OriginServer.StartInClusterAsync(new FakeMirrors(ChannelAvailability.Doubtful));
        server.Hear(new FakePackager().Video().Audio().Segments(3));
        var earlier = server.Spool.Objects.Keys.Where(name => name.EndsWith(".m4s", StringComparison.Ordinal)).ToList();
        server.Hear(new FakePackager(FakePackager.Second).Video().Audio().Segments(3));

        foreach (var name in server.Spool.Objects.Keys.Where(name => name.EndsWith(".m4s", StringComparison.Ordinal)))
        {
            using var response = await server.SendAsync("/" + name);
            response.StatusCode.ShouldBe(earlier.Contains(name) ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, name);
        }

        earlier.Count.ShouldBeLessThan(server.Spool.Objects.Count);
    }

    private sealed class FakeMirrors(ChannelAvailability availability) : ISessionMirrors
    {
        public ValueTask<ChannelAvailability> PrepareAsync(ChannelName channel, CancellationToken cancellationToken) => new(availability);

        public ValueTask<bool> PrepareLastAsync(ChannelName channel, CancellationToken cancellationToken) => new(false);
    }
}
