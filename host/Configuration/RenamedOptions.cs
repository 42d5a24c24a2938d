namespace Broadcast.Host.Configuration;

/// <summary>Earlier names of configuration options, for messages that state the current name.</summary>
internal static class RenamedOptions
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Ingest:SilenceTimeout"] = "Ingest:InputLossTimeout",
        ["Ingest:AuthorityTimeout"] = "Ingest:AuthorizationTimeout",
        ["Ingest:GatherTime"] = "Ingest:MaxReadDelay",
        ["Ingest:RefusalDelay"] = "Ingest:RejectionDelay",
        ["Ingest:MaxPictureSide"] = "Ingest:MaxFrameDimension",
        ["Switch"] = "Failover",
        ["Switch:Silence"] = "Failover:InputLossThreshold",
        ["Switch:Recovery"] = "Failover:RecoveryTime",
        ["Switch:StandbyBytes"] = "Failover:GopBufferBytes",
        ["Slate:Picture"] = "Slate:Image",
        ["Slate:Hold"] = "Slate:RepeatFrameDuration",
        ["Slate:Silence"] = "Slate:InputLossThreshold",
        ["Slate:AtOnce"] = "Slate:MaxConcurrent",
        ["Slate:KeptBytes"] = "Slate:GopBufferBytes",
        ["Pictures"] = "Thumbnails",
        ["Pictures:Enabled"] = "Thumbnails:Enabled",
        ["Pictures:PosterInterval"] = "Thumbnails:PosterInterval",
        ["Pictures:TileInterval"] = "Thumbnails:TileInterval",
        ["Pictures:Columns"] = "Thumbnails:Columns",
        ["Pictures:Rows"] = "Thumbnails:Rows",
        ["Pictures:MaxProcesses"] = "Thumbnails:MaxProcesses",
        ["Pictures:Timeout"] = "Thumbnails:Timeout",
        ["Packager:ChapterLength"] = "Packager:IndexBlockDuration",
        ["Spool:HotBytes"] = "Spool:ObjectCacheBytes",
        ["Spool:KeepSeconds"] = "Spool:RetainSeconds",
        ["Spool:KeepBytes"] = "Spool:RetainBytes",
        ["Spool:Uploads"] = "Spool:MaxConcurrentUploads",
        ["Origin:ChapterMemory"] = "Origin:IndexBlockCacheBytes",
        ["Origin:RecordingMemory"] = "Origin:RecordingCacheBytes",
        ["Origin:MaxRangeDrawings"] = "Origin:MaxConcurrentRenders",
        ["Origin:RangeMemory"] = "Origin:RangeCacheBytes",
        ["Origin:MaxDownloadDrawings"] = "Origin:MaxConcurrentDownloadBuilds",
        ["Origin:DownloadMemory"] = "Origin:DownloadCacheBytes",
        ["Origin:BucketLists"] = "Origin:PublishManifests",
        ["Control:KeyMemory"] = "Control:StreamKeyCacheDuration",
        ["Control:AllowedAddresses"] = "Control:AllowedWebhookTargets",
        ["Control:WebhookHistory"] = "Control:WebhookRetention",
        ["Control:WebhooksAtOnce"] = "Control:MaxConcurrentWebhooks",
        ["Control:StreamClients"] = "Control:MaxEventStreamClients",
        ["Control:StreamHeartbeat"] = "Control:EventStreamHeartbeat",
        ["Control:LoginIdle"] = "Control:LoginIdleTimeout",
        ["Control:LoginLife"] = "Control:LoginLifetime",
        ["Authorization:Form"] = "Authorization:Format",
        ["Authorization:OpenWhenAway"] = "Authorization:FailOpen",
    };

    /// <summary>All renamed sections (<c>Section</c>) and options (<c>Section:Option</c>) with their current names.</summary>
    public static IReadOnlyDictionary<string, string> All => Names;

    /// <summary>Gets the error for an unknown section or option; <see langword="null"/> if it was not renamed.</summary>
    /// <param name="path">Path of the key, such as <c>Section:Option</c>.</param>
    public static string? FindError(string path) => Names.TryGetValue(path, out var name) ? $"{path} was renamed to {name}." : null;
}
