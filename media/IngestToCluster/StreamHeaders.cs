namespace Broadcast.Media.IngestToCluster;

/// <summary>The newest metadata and configurations of a stream, up to some point of it. Not thread-safe.</summary>
public sealed class StreamHeaders
{
    /// <summary>Maximum number of configurations, more than the tracks of a publication.</summary>
    private const int MaxConfigurations = 64;

    private readonly Dictionary<(byte Type, int Track), RelayedMessage> _configurations = [];
    private RelayedMessage? _metadata;

    /// <summary>Applies a message.</summary>
    /// <returns>Whether the message is one of these.</returns>
    public bool Apply(RelayedMessage message)
    {
        if (message.Content == RelayedContent.Metadata)
        {
            _metadata = message;
            return true;
        }

        if (message.Content != RelayedContent.Configuration)
        {
            return false;
        }

        var key = (message.Type, message.Track);
        if (_configurations.Count < MaxConfigurations || _configurations.ContainsKey(key))
        {
            _configurations[key] = message;
        }

        return true;
    }

    /// <summary>Removes and returns all, the metadata first.</summary>
    public IReadOnlyList<RelayedMessage> Take()
    {
        RelayedMessage[] all = _metadata is { } metadata ? [metadata, .. _configurations.Values] : [.. _configurations.Values];
        _metadata = null;
        _configurations.Clear();
        return all;
    }
}
