namespace Broadcast.Control.Channels;

/// <summary>State of a channel and its current session.</summary>
public enum ChannelRunState
{
    /// <summary>The channel has no session.</summary>
    Offline,

    /// <summary>The session has no media for viewers yet.</summary>
    Starting,

    /// <summary>The encoder is publishing, hidden from viewers.</summary>
    Preview,

    /// <summary>Viewers get the encoder's media.</summary>
    Live,

    /// <summary>The encoder is disconnected, and the session is open.</summary>
    Waiting,

    /// <summary>The session has ended, and its media are still served.</summary>
    Ended,
}

/// <summary>Names of channel states in the API and the event stream.</summary>
public static class ChannelRunStates
{
    private static readonly EnumNames<ChannelRunState> NameMap = new("state of a channel",
        (ChannelRunState.Offline, "offline"), (ChannelRunState.Starting, "starting"), (ChannelRunState.Preview, "preview"),
        (ChannelRunState.Live, "live"), (ChannelRunState.Waiting, "waiting"), (ChannelRunState.Ended, "ended"));

    /// <summary>Gets the name of a state.</summary>
    public static string Name(ChannelRunState state) => NameMap.Name(state);
}
