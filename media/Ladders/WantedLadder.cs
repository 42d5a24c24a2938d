using System.Diagnostics.CodeAnalysis;

namespace Broadcast.Media;

/// <summary>
/// What a channel asks for beside its source: one of the <see cref="Presets"/>, or rungs of its own. As text, in which form it is stored and travels, <c>auto</c> or
/// <c>1280x720@2500k,854x480p30@1200k</c>. Equal ladders have equal texts: rungs stand in one order, the largest first, in whatever order they were written.
/// </summary>
public sealed class WantedLadder : IEquatable<WantedLadder>
{
    /// <summary>Most rungs: viewers see no difference between closer ones, and each costs processor time.</summary>
    public const int MaxRungs = 4;

    /// <summary>Longest text accepted, in characters; what is stored has at most 83.</summary>
    public const int MaxText = 200;

    /// <summary>Least side of a rung, in pixels.</summary>
    public const int MinSide = 16;

    /// <summary>Largest side of a rung, in pixels.</summary>
    public const int MaxSide = 4096;

    /// <summary>Most pictures a second of a rung.</summary>
    public const int MaxFramesPerSecond = 240;

    /// <summary>Least bits a second of a rung.</summary>
    public const int MinBitsPerSecond = 100_000;

    /// <summary>Most bits a second of a rung.</summary>
    public const int MaxBitsPerSecond = 50_000_000;

    internal WantedLadder(string? preset, IReadOnlyList<WantedRung> rungs) => (Preset, Rungs, Text) = (preset, rungs, preset ?? string.Join(',', rungs));

    /// <summary>Ladders by name.</summary>
    public static IReadOnlyList<string> Presets { get; } = ["auto", "passthrough", "720p", "1080p", "4k"];

    /// <summary>Its name; <see langword="null"/> for rungs of its own.</summary>
    public string? Preset { get; }

    /// <summary>Its own rungs, the largest first, 1 to <see cref="MaxRungs"/>; none for a preset.</summary>
    public IReadOnlyList<WantedRung> Rungs { get; }

    private string Text { get; }

    /// <summary>Reads a ladder. Spaces around commas and capital letters do not matter.</summary>
    /// <param name="text">What somebody wrote; any length.</param>
    /// <param name="ladder">The ladder.</param>
    /// <param name="mistake">What is wrong, where, and what to do about it: a sentence for people.</param>
    /// <returns><see langword="false"/> when it is none.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out WantedLadder? ladder, [NotNullWhen(false)] out string? mistake)
    {
        (ladder, mistake) = LadderText.Read(text ?? "");
        return ladder is not null;
    }

    /// <summary>Equal when the texts are.</summary>
    public bool Equals(WantedLadder? other) => other is not null && other.Text == Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as WantedLadder);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The text, which <see cref="TryParse"/> reads as an equal ladder.</summary>
    public override string ToString() => Text;
}
