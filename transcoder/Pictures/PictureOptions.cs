using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Pictures;

/// <summary>Posters and thumbnails; section <c>Pictures</c>.</summary>
public sealed class PictureOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Pictures";

    /// <summary>Whether pictures are made at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Time from one poster to the next, of the session's; 1 s to 1 h.</summary>
    public TimeSpan PosterInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time of one thumbnail, whole milliseconds, 500 ms to 1 min; zero for no thumbnails.</summary>
    public TimeSpan TileInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Thumbnails beside one another in a sheet, 1 to 20.</summary>
    public int Columns { get; set; } = 5;

    /// <summary>Rows of them, 1 to 20. A sheet is written when it is full, so that many tiles make players wait for the newest.</summary>
    public int Rows { get; set; } = 1;

    /// <summary>Processes at a time, for all channels together, 1 to 64. Where they do not suffice, pictures come less often.</summary>
    public int MaxProcesses { get; set; } = 2;

    /// <summary>How long one process may take, 1 s to 1 min.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    internal int TilesPerSheet => TileInterval > TimeSpan.Zero ? Columns * Rows : 0;

    internal TimeSpan SheetInterval => TileInterval * TilesPerSheet;
}

/// <summary>Lists everything that is wrong with <see cref="PictureOptions"/>.</summary>
internal sealed class PictureOptionsValidator : IValidateOptions<PictureOptions>
{
    public ValidateOptionsResult Validate(string? name, PictureOptions options)
    {
        var mistakes = new List<string>();
        Check(nameof(options.PosterInterval), options.PosterInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        if (options.TileInterval != TimeSpan.Zero)
        {
            Check(nameof(options.TileInterval), options.TileInterval, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1));
        }

        if (options.TileInterval.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            mistakes.Add($"{PictureOptions.Section}:{nameof(options.TileInterval)} is {options.TileInterval}, but must be of whole milliseconds.");
        }

        Check(nameof(options.Columns), options.Columns, 1, 20);
        Check(nameof(options.Rows), options.Rows, 1, 20);
        Check(nameof(options.MaxProcesses), options.MaxProcesses, 1, 64);
        Check(nameof(options.Timeout), options.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);

        void Check(string option, IComparable value, IComparable low, IComparable high)
        {
            if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
            {
                mistakes.Add($"{PictureOptions.Section}:{option} is {value}, but must be {low} to {high}.");
            }
        }
    }
}
