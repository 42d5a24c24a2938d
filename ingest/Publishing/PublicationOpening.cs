namespace Broadcast.Ingest.Publishing;

/// <summary>What is known of a publication that has not begun.</summary>
/// <param name="HasVideo">Whether a video configuration has come.</param>
/// <param name="HasAudio">Whether an audio configuration has come.</param>
/// <param name="ExpectsVideo">Whether metadata names video; <see langword="null"/> when it names nothing.</param>
/// <param name="ExpectsAudio">Whether metadata names audio; <see langword="null"/> when it names nothing.</param>
/// <param name="Media">Media that has come, from its first to its last sample.</param>
/// <param name="Waited">Wall clock since the first configuration.</param>
/// <param name="HeldSamples">Samples held back.</param>
/// <param name="HeldBytes">Their bytes.</param>
/// <param name="Missing">Tracks that metadata announces by number and whose configurations have not come.</param>
internal readonly record struct PublicationOpening(
    bool HasVideo, bool HasAudio, bool? ExpectsVideo, bool? ExpectsAudio, TimeSpan Media, TimeSpan Waited, int HeldSamples, long HeldBytes, int Missing = 0)
{
    /// <summary>Media after which the other kind, or further tracks, are no longer waited for.</summary>
    public static readonly TimeSpan LongestMedia = TimeSpan.FromSeconds(1);

    /// <summary>Wall clock after which the other kind, or further tracks, are no longer waited for.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    /// <summary>Most samples held back.</summary>
    public const int MaxSamples = 512;

    /// <summary>Most bytes held back.</summary>
    public const long MaxBytes = 16 * 1024 * 1024;

    /// <summary>Whether the publication begins now. A track that comes later simply appears in the samples.</summary>
    public bool IsReady =>
        (Missing == 0 && ((HasVideo && HasAudio) || (HasVideo && ExpectsAudio == false) || (HasAudio && ExpectsVideo == false)))
        || ((HasVideo || HasAudio)
            && (Media >= LongestMedia || Waited >= LongestWait || HeldSamples >= MaxSamples || HeldBytes >= MaxBytes));
}
