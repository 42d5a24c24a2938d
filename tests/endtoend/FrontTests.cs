using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>The two servers of each test with <c>./broadcast test --cluster</c>.</summary>
public sealed class FrontTests
{
    private const string Mirrors = "broadcast_cluster_mirrors";

    [Fact]
    public async Task Server_under_test_owns_the_session_and_the_other_answers_its_viewers()
    {
        await using var server = await BroadcastServer.StartAsync(hasFront: true);
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        await HlsView.WaitAsync(server, "main", view => view.Segments.Count >= 1, "a segment at the other server");

        server.Front.Data.ShouldNotBe(server.Data);
        (await server.Front.MetricAsync(Mirrors)).ShouldBe(1, "it mirrors the session");
        (await server.MetricAsync(Mirrors)).ShouldBe(0, "it owns the session");
        server.Logged(1001).ShouldHaveSingleItem();
    }
}
