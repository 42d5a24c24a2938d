using Broadcast.Control.Publishing;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ChannelSlotsTests
{
    private readonly ChannelSlots _channels = new();

    [Fact]
    public void Channel_is_in_use_while_it_has_a_session_or_a_publisher()
    {
        var channel = _channels.GetOrAdd(1, TimeSpan.FromSeconds(5));
        var publisher = new ActivePublisher(Guid.NewGuid(), "key", DateTimeOffset.UnixEpoch, InputRole.Backup);
        var session = new BroadcastSession(ChannelName.Parse("demo"), SessionId.New(DateTimeOffset.UnixEpoch), 1,
            DateTimeOffset.UnixEpoch, LatencyProfile.Standard);
        channel.Add(publisher);
        channel.Session = session;

        _channels.GetOrAdd(1, TimeSpan.FromSeconds(6)).ShouldBeSameAs(channel);
        channel.Window.ShouldBe(TimeSpan.FromSeconds(6));
        _channels.Find(session.Id).ShouldBeSameAs(channel);
        _channels.Sessions.ShouldBe([session]);
        _channels.Publishers.ShouldBe([publisher]);

        channel.Session = null;
        _channels.RemoveUnused(channel);
        _channels.Find(1).ShouldBeSameAs(channel, "its encoder is connected");
        channel.Remove(publisher);
        publisher.Freed.IsCompleted.ShouldBeTrue();
        _channels.RemoveUnused(channel);
        _channels.Find(1).ShouldBeNull();
        _channels.All.ShouldBeEmpty();
    }
}
