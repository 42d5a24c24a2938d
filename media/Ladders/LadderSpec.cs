using System.Diagnostics.CodeAnalysis;

namespace Broadcast.Media.Ladders;

/// <summary>
/// The ladder that a channel requests: one of the <see cref="Presets"/>, or custom rungs. Its text form is stored and transmitted, such as
/// <c>auto</c> or <c>1280x720@2500k,854x480p30@1200k</c>. Rungs are sorted, largest first, so equal ladders have equal texts.
/// </summary>
public sealed class LadderSpec : IEquatable<LadderSpec>
{
    /// <summary>Maximum number of rungs. Viewers see no difference between closer rungs, and each costs CPU time.</summary>
    public const int MaxRungs = 4;

    /// <summary>Maximum length of the input, in characters; the stored text has at most 83.</summary>
    public const int MaxText = 200;

    /// <summary>Minimum width or height of a rung, in pixels.</summary>
    public const int MinSide = 16;

    /// <summary>Maximum width or height of a rung, in pixels.</summary>
    public const int MaxSide = 4096;

    /// <summary>Maximum frame rate of a rung.</summary>
    public const int MaxFramesPerSecond = 240;

    /// <summary>Minimum bitrate of a rung, in bits per second.</summary>
    public const int MinBitsPerSecond = 100_000;

    /// <summary>Maximum bitrate of a rung, in bits per second.</summary>
    public const int MaxBitsPerSecond = 50_000_000;

    internal LadderSpec(string? preset, IReadOnlyList<RungSpec> rungs) =>
        (Preset, Rungs, Text) = (preset, rungs, preset ?? string.Join(',', rungs));

    /// <summary>Names of the preset ladders.</summary>
    public static IReadOnlyList<string> Presets { get; } = ["auto", "passthrough", "720p", "1080p", "4k"];

    /// <summary>Name of the preset; <see langword="null"/> with custom rungs.</summary>
    public string? Preset { get; }

    /// <summary>Custom rungs, largest first, 1 to <see cref="MaxRungs"/>; empty for a preset.</summary>
    public IReadOnlyList<RungSpec> Rungs { get; }

    private string Text { get; }

    /// <summary>Parses a ladder. Spaces around commas are ignored, as is letter case.</summary>
    /// <param name="text">User input of any length.</param>
    /// <param name="ladder">The parsed ladder.</param>
    /// <param name="error">Error message with problem, location and remedy.</param>
    /// <returns><see langword="false"/> when the text is not a valid ladder.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out LadderSpec? ladder, [NotNullWhen(false)] out string? error)
    {
        (ladder, error) = LadderParser.Parse(text ?? "");
        return ladder is not null;
    }

    /// <summary>Returns whether the texts are equal.</summary>
    public bool Equals(LadderSpec? other) => other is not null && other.Text == Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LadderSpec);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The text form, which <see cref="TryParse"/> parses to an equal ladder.</summary>
    public override string ToString() => Text;
}
