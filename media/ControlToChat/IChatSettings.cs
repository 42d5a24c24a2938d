namespace Broadcast.Media.ControlToChat;

/// <summary>Chat settings of a channel.</summary>
/// <param name="Enabled">Indicates whether viewers can read and write messages.</param>
public sealed record ChatSettings(bool Enabled);

/// <summary>Chat settings in the database. Works with or without a running server; running servers apply changes at once.</summary>
public interface IChatSettings
{
    /// <summary>Gets the settings of a channel; the defaults for a channel that has none.</summary>
    Task<ChatSettings> GetAsync(ChannelName channel, CancellationToken cancellationToken = default);

    /// <summary>Replaces the settings of a channel.</summary>
    /// <returns><see langword="false"/> when the channel does not exist.</returns>
    Task<bool> SetAsync(ChannelName channel, ChatSettings settings, CancellationToken cancellationToken = default);
}
