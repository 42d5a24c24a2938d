namespace Broadcast.Control.AuthCallbacks;

/// <summary>
/// Options of publisher and viewer authorization, section <c>Authorization</c>. A stream key, an auth callback or both authorize
/// publishers. A second auth callback authorizes viewers, and a webhook reviews chat messages.
/// </summary>
public sealed class AuthorizationOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Authorization";

    /// <summary>Minimum length of <see cref="Secret"/>, in characters.</summary>
    public const int MinSecret = 24;

    /// <summary>
    /// Publisher authorization. <c>keys</c> (default): stream keys decide. <c>webhook</c>: the auth callback alone decides. It receives
    /// what the encoder sent as stream name. The channel is the one that its response names, or else the one with that stream name.
    /// <c>both</c>: the stream key must be valid, and the auth callback must agree.
    /// </summary>
    public string Policy { get; set; } = Keys;

    /// <summary>Format of requests and responses: <c>broadcast</c> (default), <c>nginx-rtmp</c>, <c>srs</c> or <c>mediamtx</c>.</summary>
    public string Format { get; set; } = BroadcastFormat;

    /// <summary>
    /// URL of the publish auth callback: <c>http://</c>, or <c>https://</c> with a valid certificate. Private addresses are allowed;
    /// redirects are never followed.
    /// </summary>
    public string? Url { get; set; }

    /// <summary>
    /// URL to notify when an authorized publisher ends; <see langword="null"/> for none. The format <c>mediamtx</c> has no such message.
    /// </summary>
    public string? DoneUrl { get; set; }

    /// <summary>Secret that signs requests of the format <c>broadcast</c>: at least 24 characters, or <c>whsec_</c> and base64.</summary>
    public string? Secret { get; set; }

    /// <summary>Timeout of one request, including its wait for a free slot and the whole response. Default 3 s, 100 ms to 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Maximum number of concurrent requests; others wait. Default 32, 1 to 1024.</summary>
    public int MaxConcurrent { get; set; } = 32;

    /// <summary>
    /// With <c>both</c>: whether a valid key suffices while the auth callback does not respond. Off: publishers are rejected meanwhile.
    /// </summary>
    public bool FailOpen { get; set; }

    /// <summary>With <c>webhook</c>: whether to create a channel that the auth callback names and that does not exist.</summary>
    public bool CreateChannels { get; set; }

    /// <summary>
    /// URL of the auth callback for viewers of channels with access <c>webhook</c>, in the format <c>broadcast</c>; <see langword="null"/>
    /// when no channel may use that access.
    /// </summary>
    public string? ViewerUrl { get; set; }

    /// <summary>
    /// URL of the review webhook, which decides about each chat message before anybody sees it; <see langword="null"/> for none.
    /// </summary>
    public string? ChatReviewUrl { get; set; }

    /// <summary>
    /// Decision about messages while the review webhook does not respond: <c>hold</c> (default) lets them wait for a moderator,
    /// <c>allow</c> publishes them, <c>deny</c> rejects them.
    /// </summary>
    public string ChatReviewFailure { get; set; } = HoldMessages;

    internal const string Keys = "keys";
    internal const string Webhook = "webhook";
    internal const string Both = "both";
    internal const string BroadcastFormat = "broadcast";
    internal const string NginxFormat = "nginx-rtmp";
    internal const string SrsFormat = "srs";
    internal const string MediaMtxFormat = "mediamtx";
    internal const string HoldMessages = "hold";
    internal const string AllowMessages = "allow";
    internal const string DenyMessages = "deny";

    /// <summary>Indicates whether an auth callback takes part in publisher authorization.</summary>
    internal bool UsesCallback => Policy != Keys;

    /// <summary>Indicates whether the auth callback alone decides.</summary>
    internal bool CallbackAlone => Policy == Webhook;

    /// <summary>Validates the options and returns one message per error.</summary>
    internal IEnumerable<string> Validate()
    {
        if (Policy is not (Keys or Webhook or Both))
        {
            yield return $"{Section}:{nameof(Policy)} must be {Keys}, {Webhook} or {Both}.";
        }

        if (Format is not (BroadcastFormat or NginxFormat or SrsFormat or MediaMtxFormat))
        {
            yield return $"{Section}:{nameof(Format)} must be {BroadcastFormat}, {NginxFormat}, {SrsFormat} or {MediaMtxFormat}.";
        }

        if (UsesCallback && Url is null)
        {
            yield return $"{Section}:{nameof(Url)} is missing; {nameof(Policy)} {Policy} requires it.";
        }

        foreach (var (name, url) in new[] { (nameof(Url), Url), (nameof(DoneUrl), DoneUrl), (nameof(ViewerUrl), ViewerUrl),
            (nameof(ChatReviewUrl), ChatReviewUrl) })
        {
            if (url is not null && !IsUrl(url))
            {
                yield return $"{Section}:{name} must be an absolute http:// or https:// URL without user name.";
            }
        }

        if (UsesCallback && Format == BroadcastFormat && WebhookSignature.KeyOf(Secret) is null)
        {
            yield return $"{Section}:{nameof(Secret)} must be at least {MinSecret} characters, or whsec_ and base64: it signs requests of the format {BroadcastFormat}.";
        }

        foreach (var (name, url) in new[] { (nameof(ViewerUrl), ViewerUrl), (nameof(ChatReviewUrl), ChatReviewUrl) })
        {
            if (url is not null && WebhookSignature.KeyOf(Secret) is null)
            {
                yield return $"{Section}:{nameof(Secret)} must be at least {MinSecret} characters, or whsec_ and base64: it signs requests to {name}.";
            }
        }

        if (ChatReviewFailure is not (HoldMessages or AllowMessages or DenyMessages))
        {
            yield return $"{Section}:{nameof(ChatReviewFailure)} must be {HoldMessages}, {AllowMessages} or {DenyMessages}.";
        }

        if (DoneUrl is not null && Format == MediaMtxFormat)
        {
            yield return $"{Section}:{nameof(DoneUrl)} must not be set: the format {MediaMtxFormat} has no end message.";
        }

        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromSeconds(30))
        {
            yield return $"{Section}:{nameof(Timeout)} must be between 00:00:00.1 and 00:00:30.";
        }

        if (MaxConcurrent is < 1 or > 1024)
        {
            yield return $"{Section}:{nameof(MaxConcurrent)} must be between 1 and 1024.";
        }

        if (FailOpen && Policy != Both)
        {
            yield return $"{Section}:{nameof(FailOpen)} needs {nameof(Policy)} {Both}: without a stream key, publishers cannot be identified while the auth callback is unavailable.";
        }

        if (CreateChannels && Policy != Webhook)
        {
            yield return $"{Section}:{nameof(CreateChannels)} needs {nameof(Policy)} {Webhook}: a stream key already belongs to a channel.";
        }
    }

    private static bool IsUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.UserInfo.Length == 0 && uri.Host.Length > 0;
}
