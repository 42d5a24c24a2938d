namespace Broadcast.Media.Storage;

/// <summary>
/// Purpose of a read. Object stores with a limited number of connections have separate ones for viewers, so that viewers, however many or
/// slow, never delay the server's own reads, lists and deletions.
/// </summary>
public enum ReadPurpose
{
    /// <summary>The server's own work, such as journals, index blocks and recovery. Reads the content at once.</summary>
    ServerWork,

    /// <summary>Loads an object for viewers into memory, at once.</summary>
    CacheFill,

    /// <summary>Media for a viewer, with a connection that may be slow.</summary>
    Media,

    /// <summary>Starts a download, which is not cached.</summary>
    Download,

    /// <summary>Continues a download. It waits where its start would be rejected, because its response cannot become an error.</summary>
    StartedDownload,
}
