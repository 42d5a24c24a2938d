using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Parses the arguments after the name of a benchmark.</summary>
internal static class PlanArguments
{
    /// <summary>
    /// Returns the options with their values in order. <c>--quick</c> has no value and is returned first, so that the other options
    /// override it.
    /// </summary>
    /// <param name="benchmark">Name of the benchmark, for messages.</param>
    /// <param name="arguments">Arguments after the name.</param>
    /// <param name="options">Names of the options with a value.</param>
    /// <exception cref="FormatException">An option is unknown or has no value.</exception>
    public static IEnumerable<(string Option, string Value)> Pairs(string benchmark, IReadOnlyList<string> arguments,
        IReadOnlyList<string> options)
    {
        if (arguments.Contains("--quick"))
        {
            yield return ("--quick", "");
        }

        for (var i = 0; i < arguments.Count; i++)
        {
            var option = arguments[i];
            if (option == "--quick")
            {
                continue;
            }

            if (!options.Contains(option))
            {
                throw new FormatException($"'{option}' is not an option of bench {benchmark}: {string.Join(", ", options)}, --quick.");
            }

            yield return (option, ++i < arguments.Count ? arguments[i]
                : throw new FormatException($"{option} needs a value; see ./broadcast bench {benchmark} --help."));
        }
    }

    /// <summary>Parses <c>--only</c>: a selection of parts, in the order of execution.</summary>
    /// <exception cref="FormatException">A part is unknown.</exception>
    public static IReadOnlyList<string> Parts(string value, IReadOnlyList<string> all)
    {
        var asked = value.Split(',', StringSplitOptions.TrimEntries);
        return asked.FirstOrDefault(p => !all.Contains(p)) is { } unknown
            ? throw new FormatException($"--only: no part '{unknown}': {string.Join(", ", all)}.")
            : [.. all.Where(asked.Contains)];
    }

    /// <summary>Parses an integer.</summary>
    /// <exception cref="FormatException">The value is not an integer, or out of range.</exception>
    public static int Number(string option, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{option}: '{text}' is not a whole number from {least} to {most}.");
}
