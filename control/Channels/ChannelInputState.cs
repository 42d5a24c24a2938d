namespace Broadcast.Control.Channels;

/// <summary>State of the media of a publishing encoder.</summary>
public enum ChannelInputState
{
    /// <summary>No keyframe has arrived yet.</summary>
    Waiting,

    /// <summary>The media was lost and has not been good for long enough since.</summary>
    Recovering,

    /// <summary>The media is good.</summary>
    Good,

    /// <summary>The encoder is connected, but sends no video.</summary>
    Silent,
}

/// <summary>Names of input states in the API and the event stream.</summary>
public static class ChannelInputStates
{
    private static readonly EnumNames<ChannelInputState> NameMap = new("state of an input",
        (ChannelInputState.Waiting, "waiting"), (ChannelInputState.Recovering, "recovering"), (ChannelInputState.Good, "good"),
        (ChannelInputState.Silent, "silent"));

    /// <summary>Gets the name of a state.</summary>
    public static string Name(ChannelInputState state) => NameMap.Name(state);
}
