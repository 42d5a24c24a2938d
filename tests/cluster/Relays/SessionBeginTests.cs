using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Cluster.Tests.Relays;

/// <summary>Encoders at a server without role media, of channels that are not on air: another server begins the session.</summary>
public sealed class SessionBeginTests
{
    [Fact]
    public async Task The_least_loaded_server_begins_the_session_and_gets_the_messages()
    {
        await using var first = await RelayServer.StartAsync();
        await using var second = await RelayServer.StartAsync();
        await using var relay = await StartAsync(first, second);

        var publication = (await relay.BeginAsync()).ShouldBeOfType<RelayDecision.Accepted>().Publication;
        publication.Send(new RelayedMessage(9, 40, new byte[] { 1 }, RelayedContent.Keyframe, 0));
        await publication.EndAsync("the encoder finished");

        first.Publishers.Admitted.ShouldHaveSingleItem().Timestamps.ShouldBe([40u]);
        second.Publishers.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_next_server_is_asked_when_one_cannot_be_reached_or_stops()
    {
        var gone = await RelayServer.StartAsync();
        await using var stopping = await RelayServer.StartAsync();
        await using var last = await RelayServer.StartAsync();
        await using var relay = await StartAsync(gone, stopping, last);
        await gone.DisposeAsync();
        stopping.Publishers.Rejection = new(PublishRejectionReason.ShuttingDown, "The server is stopping.");

        var publication = (await relay.BeginAsync()).ShouldBeOfType<RelayDecision.Accepted>().Publication;

        stopping.Publishers.Asked.ShouldHaveSingleItem();
        last.Publishers.Admitted.ShouldHaveSingleItem();
        await publication.EndAsync("the encoder finished");
    }

    [Theory]
    [InlineData(PublishRejectionReason.UnknownKey)]
    [InlineData(PublishRejectionReason.EventOver)]
    [InlineData(PublishRejectionReason.TooManyAttempts)]
    public async Task A_rejection_is_final(PublishRejectionReason reason)
    {
        await using var first = await RelayServer.StartAsync();
        await using var second = await RelayServer.StartAsync();
        await using var relay = await StartAsync(first, second);
        first.Publishers.Rejection = new(reason, "Not now.");

        (await relay.BeginAsync()).ShouldBe(new RelayDecision.Rejected(first.Publishers.Rejection));
        second.Publishers.Asked.ShouldBeEmpty();
    }

    /// <summary>Primary and backup encoder may ask two servers at once. The owner then decides, once the database names it.</summary>
    [Fact]
    public async Task A_session_that_began_elsewhere_meanwhile_leaves_the_decision_open()
    {
        await using var first = await RelayServer.StartAsync();
        await using var second = await RelayServer.StartAsync();
        await using var relay = await StartAsync(first, second);
        first.Publishers.Rejection = new(PublishRejectionReason.ChannelBusy, "Channel main is on air at server 'second'.");

        (await relay.BeginAsync()).ShouldBeNull();
        second.Publishers.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_server_nothing_is_decided()
    {
        await using var relay = await StartAsync();
        (await relay.BeginAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Cancellation_ends_the_search()
    {
        await using var first = await RelayServer.StartAsync();
        await using var second = await RelayServer.StartAsync();
        await using var relay = await StartAsync(first, second);
        using var timeout = new CancellationTokenSource();
        first.Publishers.Before = async cancellation =>
        {
            await timeout.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        };

        await Should.ThrowAsync<OperationCanceledException>(relay.BeginAsync(cancellationToken: timeout.Token));
        second.Publishers.Asked.ShouldBeEmpty();
    }

    private static async Task<RelayServer> StartAsync(params RelayServer[] media)
    {
        var relay = await RelayServer.StartAsync();
        relay.Directory.MediaServers = [.. media.Select(server => server.Entry)];
        return relay;
    }
}
