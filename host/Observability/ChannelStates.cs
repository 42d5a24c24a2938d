using Broadcast.Control;
using Broadcast.Media;
using Broadcast.Origin;

namespace Broadcast.Host.Observability;

/// <summary>Tells the API what viewers get, as the origin sees it.</summary>
internal sealed class ChannelStates(LiveDirectory directory) : IChannelStates
{
    public Control.ChannelState? Find(ChannelName channel)
    {
        var status = directory.Status(channel);
        var word = status.State switch
        {
            Origin.ChannelState.Live => "live",
            Origin.ChannelState.Starting => "starting",
            Origin.ChannelState.Interrupted => "waiting",
            Origin.ChannelState.Ended => "ended",
            _ => "offline",
        };
        return new Control.ChannelState(word, status.Session, status.StartedAt);
    }
}
