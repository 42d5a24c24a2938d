using Broadcast.Control;
using Broadcast.Media;
using Broadcast.Origin;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Switching;

namespace Broadcast.Host.Observability;

/// <summary>Tells the API what is on a channel and whether viewers get it, as the origin sees it, from which encoders, as the switch between them does, and what is encoded of it.</summary>
internal sealed class ChannelStates(LiveDirectory directory, IChannelInputs inputs, IChannelEncodings encodings) : IChannelStates
{
    public Control.ChannelState? Find(ChannelName channel)
    {
        var status = directory.Status(channel);
        var word = status.State switch
        {
            Origin.ChannelState.Live or Origin.ChannelState.Starting or Origin.ChannelState.Interrupted when directory.IsHidden(channel, status.Session) => "preview",
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
            Encoding = encodings.Find(channel) is { } e ? EncodingOf(e) : null,
        };
    }

    private static ChannelEncoding EncodingOf(EncodingState e) => new(
        e.Encoder, [.. e.Rungs.Select(r => new ChannelRung(r.Name, r.Width, r.Height, r.BitsPerSecond))], e.GivenUp, e.Haste, e.IsHalfRate, e.Step, e.Reason, Math.Round(e.Behind.TotalSeconds, 2),
        e.Restarts) { CopyReason = e.CopyReason };

    private static string WordOf(InputState state) => state switch
    {
        InputState.Good => "good",
        InputState.Recovering => "recovering",
        InputState.Silent => "silent",
        _ => "waiting",
    };
}
