using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>The poster of a channel, at a permanent address.</summary>
public class PosterTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/t/secret")]
    public async Task Newest_poster_is_served_at_the_channels_URL_and_cached_for_seconds(string prefix)
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Segments(3).Poster(1).Poster(5, bytes: 77);
        server.Hear(broadcaster);
        using var response = await server.SendAsync(prefix + "/live/demo/poster.jpg");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsByteArrayAsync()).Length.ShouldBe(77);
        response.Content.Headers.ContentType!.ToString().ShouldBe("image/jpeg");
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=5");
        response.Headers.NonValidated["X-Content-Type-Options"].ToString().ShouldBe("nosniff");
        using var known = await server.SendAsync(prefix + "/live/demo/poster.jpg", null,
            ("If-None-Match", response.Headers.ETag!.ToString()));
        known.StatusCode.ShouldBe(HttpStatusCode.NotModified);

        server.Hear(broadcaster.Poster(15, bytes: 77));
        using var newer = await server.SendAsync(prefix + "/live/demo/poster.jpg", null,
            ("If-None-Match", response.Headers.ETag!.ToString()));
        newer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Missing_poster_is_404_for_a_second()
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(3));
        foreach (var path in new[] { "/live/demo/poster.jpg", "/live/nobody/poster.jpg" })
        {
            using var response = await server.SendAsync(path);
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
        }
    }

    [Fact]
    public async Task Missing_poster_is_204_for_pages_that_expect_none()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Segments(3);
        server.Hear(broadcaster);
        foreach (var path in new[] { "/live/demo/poster.jpg?optional", "/live/nobody/poster.jpg?optional&at=1" })
        {
            using var response = await server.SendAsync(path);
            response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
        }

        server.Hear(broadcaster.Poster(1, bytes: 55));
        using var poster = await server.SendAsync("/live/demo/poster.jpg?optional");
        (poster.StatusCode, (await poster.Content.ReadAsByteArrayAsync()).Length).ShouldBe((HttpStatusCode.OK, 55));
    }

    [Fact]
    public async Task Pages_know_the_existing_posters_and_their_sizes()
    {
        await using var server = await OriginServer.StartAsync();
        var posters = server.Get<IPosters>();
        var broadcaster = new FakePackager().Video().Segments(3);
        server.Hear(broadcaster);
        posters.OfChannel(ChannelName.Parse("demo")).ShouldBeNull("there is none yet");

        server.Hear(broadcaster.Poster(1));

        var session = FakePackager.First;
        posters.OfChannel(ChannelName.Parse("demo")).ShouldBe(new PosterInfo(session, null, 1280, 720));
        posters.OfSession(ChannelName.Parse("demo"), session).ShouldBe(new PosterInfo(session, null, 1280, 720));
        posters.OfSession(ChannelName.Parse("other"), session).ShouldBeNull();
        posters.OfChannel(ChannelName.Parse("nobody")).ShouldBeNull();
    }

    [Fact]
    public async Task Poster_of_an_ended_session_is_still_served()
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(3).End().Poster(5));
        using var response = await server.SendAsync("/live/demo/poster.jpg");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
