namespace Broadcast.Media.ControlToChat;

/// <summary>Chat settings of a channel.</summary>
/// <param name="Enabled">Indicates whether viewers can read and write messages.</param>
public sealed record ChatSettings(bool Enabled)
{
    /// <summary>Maximum of <see cref="SlowSeconds"/>.</summary>
    public const int MaxSlowSeconds = 3600;

    /// <summary>
    /// Slow mode: minimum time in seconds between two messages of a participant, 0 to <see cref="MaxSlowSeconds"/>; 0 for none.
    /// </summary>
    public int SlowSeconds { get; init; }

    /// <summary>Indicates whether only users and viewers with a viewer token may write.</summary>
    public bool MembersOnly { get; init; }

    /// <summary>Indicates whether only moderators may write.</summary>
    public bool Frozen { get; init; }

    /// <summary>Indicates whether each message is held until a moderator approves it.</summary>
    public bool HoldAll { get; init; }

    /// <summary>Indicates whether viewers can send reactions.</summary>
    public bool Reactions { get; init; } = true;

    /// <summary>Indicates whether viewers can ask questions to the hosts.</summary>
    public bool Questions { get; init; }

    /// <summary>Event in preview or on air that replaces some of these settings; <see langword="null"/> for none.</summary>
    public ChatEvent? Event { get; init; }
}

/// <summary>Event with chat settings of its own.</summary>
/// <param name="Id">Id of the event.</param>
/// <param name="Title">Its title.</param>
/// <param name="Chat">
/// <c>on</c>, <c>off</c>, or <c>members</c>: on, and only users and viewers with a viewer token may write.
/// </param>
public sealed record ChatEvent(string Id, string Title, string Chat);

/// <summary>Change of chat settings. Members that are <see langword="null"/> stay as they are.</summary>
/// <param name="Enabled">See <see cref="ChatSettings.Enabled"/>.</param>
public sealed record ChatSettingsChange(bool? Enabled = null)
{
    /// <inheritdoc cref="ChatSettings.SlowSeconds"/>
    public int? SlowSeconds { get; init; }

    /// <inheritdoc cref="ChatSettings.MembersOnly"/>
    public bool? MembersOnly { get; init; }

    /// <inheritdoc cref="ChatSettings.Frozen"/>
    public bool? Frozen { get; init; }

    /// <inheritdoc cref="ChatSettings.HoldAll"/>
    public bool? HoldAll { get; init; }

    /// <inheritdoc cref="ChatSettings.Reactions"/>
    public bool? Reactions { get; init; }

    /// <inheritdoc cref="ChatSettings.Questions"/>
    public bool? Questions { get; init; }
}

/// <summary>Chat settings in the database. Works with or without a running server; running servers apply changes at once.</summary>
public interface IChatSettings
{
    /// <summary>Gets the settings of a channel; the defaults for a channel that has none.</summary>
    /// <exception cref="Exception">The channel does not exist, or the database is unavailable.</exception>
    Task<ChatSettings> GetAsync(ChannelName channel, CancellationToken cancellationToken = default);

    /// <summary>Gets the filters of a channel.</summary>
    /// <returns>A JSON object in UTF-8, with all members.</returns>
    /// <exception cref="Exception">The channel does not exist, or the database is unavailable.</exception>
    Task<ReadOnlyMemory<byte>> GetFiltersAsync(ChannelName channel, CancellationToken cancellationToken = default);

    /// <summary>Replaces the filters of a channel, and records the change in the audit log.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="json">The filters as a JSON object in UTF-8. Members that are missing get their defaults.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The filters after the change, with all members.</returns>
    /// <exception cref="Exception">The channel does not exist, a value is invalid, or the database is unavailable.</exception>
    Task<ReadOnlyMemory<byte>> SetFiltersAsync(ChannelName channel, ReadOnlyMemory<byte> json,
        CancellationToken cancellationToken = default);

    /// <summary>Changes the settings of a channel, and records the change in the audit log.</summary>
    /// <returns>The settings after the change.</returns>
    /// <exception cref="Exception">The channel does not exist, a value is invalid, or the database is unavailable.</exception>
    Task<ChatSettings> ChangeAsync(ChannelName channel, ChatSettingsChange change, CancellationToken cancellationToken = default);
}
