namespace Broadcast.Media.IngestToCluster;

/// <summary>
/// The newest metadata and configurations of a stream, up to some point of it. Limited in bytes: what a message declares to be a
/// configuration may be as long as a frame. Not thread-safe.
/// </summary>
public sealed class StreamHeaders
{
    /// <summary>Maximum number of configurations, more than the tracks of a publication.</summary>
    private const int MaxConfigurations = 64;

    /// <summary>Maximum bytes of all configurations. Those of an encoder have a few hundred.</summary>
    private const int MaxBytes = 1 << 20;

    private readonly Dictionary<(byte Type, int Track), RelayedMessage> _configurations = [];
    private RelayedMessage? _metadata;
    private int _bytes;

    /// <summary>
    /// Applies a message. One that is kept is copied, because its memory may be part of a larger array. A configuration beyond the limits
    /// is not kept.
    /// </summary>
    /// <returns>Whether the message is one of these.</returns>
    public bool Apply(RelayedMessage message)
    {
        if (message.Content == RelayedContent.Metadata)
        {
            _metadata = Copy(message);
            return true;
        }

        if (message.Content != RelayedContent.Configuration)
        {
            return false;
        }

        var key = (message.Type, message.Track);
        var isKnown = _configurations.TryGetValue(key, out var earlier);
        var bytes = (long)_bytes - earlier.Payload.Length + message.Payload.Length;
        if ((isKnown || _configurations.Count < MaxConfigurations) && bytes <= MaxBytes)
        {
            _configurations[key] = Copy(message);
            _bytes = (int)bytes;
        }

        return true;
    }

    /// <summary>Removes and returns all, the metadata first.</summary>
    public IReadOnlyList<RelayedMessage> Take()
    {
        RelayedMessage[] all = _metadata is { } metadata ? [metadata, .. _configurations.Values] : [.. _configurations.Values];
        _metadata = null;
        _configurations.Clear();
        _bytes = 0;
        return all;
    }

    private static RelayedMessage Copy(in RelayedMessage message) => message with { Payload = message.Payload.ToArray() };
}
