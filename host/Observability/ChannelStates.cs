using Broadcast.Control;
using Broadcast.Media;
using Broadcast.Origin;
using Broadcast.Transcoder.Switching;

namespace Broadcast.Host.Observability;

/// <summary>Tells the API what viewers get, as the origin sees it, and from which encoders, as the switch between them does.</summary>
internal sealed class ChannelStates(LiveDirectory directory, IChannelInputs inputs) : IChannelStates
{
    public Control.ChannelState? Find(ChannelName channel)
    {
        var status = directory.Status(channel);
        var word = status.State switch
        {
            Origin.ChannelState.Live when inputs.IsOnSlate(channel) => "waiting",
            Origin.ChannelState.Live => "live",
            Origin.ChannelState.Starting => "starting",
            Origin.ChannelState.Interrupted => "waiting",
            Origin.ChannelState.Ended => "ended",
            _ => "offline",
        };
        return new Control.ChannelState(word, status.Session, status.StartedAt)
        {
            Inputs = [.. inputs.Find(channel).Select(i => new ChannelInput(i.Role, WordOf(i.State), i.OnAir, i.Since, i.BitsPerSecond))],
        };
    }

    private static string WordOf(InputState state) => state switch
    {
        InputState.Good => "good",
        InputState.Recovering => "recovering",
        InputState.Silent => "silent",
        _ => "waiting",
    };
}
