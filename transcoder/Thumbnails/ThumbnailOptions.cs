using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>Options of posters and thumbnails; section <c>Thumbnails</c>.</summary>
public sealed class ThumbnailOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Thumbnails";

    /// <summary>Indicates whether posters and thumbnails are made.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Interval between posters, in session time; 1 s to 1 h.</summary>
    public TimeSpan PosterInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Duration of one thumbnail, whole milliseconds, 500 ms to 1 min; 0 disables thumbnails.</summary>
    public TimeSpan TileInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Columns of a sprite sheet, 1 to 20.</summary>
    public int Columns { get; set; } = 5;

    /// <summary>Rows of a sprite sheet, 1 to 20. A sheet is written when it is full, so many tiles delay the newest thumbnail.</summary>
    public int Rows { get; set; } = 1;

    /// <summary>Maximum concurrent processes for all channels, 1 to 64. If they do not suffice, images are made less often.</summary>
    public int MaxProcesses { get; set; } = 2;

    /// <summary>Timeout of one process, 1 s to 1 min.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    internal int TilesPerSheet => TileInterval > TimeSpan.Zero ? Columns * Rows : 0;

    internal TimeSpan SheetInterval => TileInterval * TilesPerSheet;
}

/// <summary>Validates <see cref="ThumbnailOptions"/> and reports all errors.</summary>
internal sealed class ThumbnailOptionsValidator : IValidateOptions<ThumbnailOptions>
{
    public ValidateOptionsResult Validate(string? name, ThumbnailOptions options)
    {
        var errors = new List<string>();
        Check(nameof(options.PosterInterval), options.PosterInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        if (options.TileInterval != TimeSpan.Zero)
        {
            Check(nameof(options.TileInterval), options.TileInterval, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1));
        }

        if (options.TileInterval.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            errors.Add($"{ThumbnailOptions.Section}:{nameof(options.TileInterval)} is {options.TileInterval}; use whole milliseconds.");
        }

        Check(nameof(options.Columns), options.Columns, 1, 20);
        Check(nameof(options.Rows), options.Rows, 1, 20);
        Check(nameof(options.MaxProcesses), options.MaxProcesses, 1, 64);
        Check(nameof(options.Timeout), options.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(string option, IComparable value, IComparable low, IComparable high)
        {
            if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
            {
                errors.Add($"{ThumbnailOptions.Section}:{option} is {value}; use {low} to {high}.");
            }
        }
    }
}
