using Broadcast.Control.Channels;
using Broadcast.Media;
using Broadcast.Origin.Live;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Failover;

namespace Broadcast.Host.Observability;

/// <summary>
/// Channel states for the API: session and visibility from the origin, encoders from the input switch, and the encoding state.
/// </summary>
internal sealed class ChannelRuntimeStates(LiveDirectory directory, IChannelInputs inputs, IChannelEncodings encodings)
    : IChannelRuntimeStates
{
    public ChannelRuntimeState? Find(ChannelName channel)
    {
        var status = directory.Status(channel);
        var state = status.State switch
        {
            ChannelState.Live or ChannelState.Starting or ChannelState.Interrupted when directory.IsHidden(channel, status.Session) =>
                ChannelRunState.Preview,
            ChannelState.Live when inputs.IsOnSlate(channel) => ChannelRunState.Waiting,
            ChannelState.Live => ChannelRunState.Live,
            ChannelState.Starting => ChannelRunState.Starting,
            ChannelState.Interrupted => ChannelRunState.Waiting,
            ChannelState.Ended => ChannelRunState.Ended,
            _ => ChannelRunState.Offline,
        };
        return new ChannelRuntimeState(state, status.Session, status.StartedAt)
        {
            Inputs = [.. inputs.Find(channel).Select(i => new ChannelInput(i.Role, StateOf(i.State), i.OnAir, i.Since, i.BitsPerSecond))],
            Encoding = encodings.Find(channel) is { } e ? EncodingOf(e) : null,
        };
    }

    private static ChannelEncoding EncodingOf(EncodingState e) => new(
        e.Encoder, [.. e.Rungs.Select(r => new ChannelRung(r.Name, r.Width, r.Height, r.BitsPerSecond))], e.DroppedRungs, e.SpeedLevel,
        e.IsHalfRate, e.DegradationLevel, e.Reason, Math.Round(e.Lag.TotalSeconds, 2),
        e.Restarts) { ReencodeReason = e.ReencodeReason };

    private static ChannelInputState StateOf(InputState state) => state switch
    {
        InputState.Good => ChannelInputState.Good,
        InputState.Recovering => ChannelInputState.Recovering,
        InputState.Silent => ChannelInputState.Silent,
        _ => ChannelInputState.Waiting,
    };
}
