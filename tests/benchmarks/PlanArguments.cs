using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Reads what stands behind the name of a benchmark.</summary>
internal static class PlanArguments
{
    /// <summary>Options with their values, in their order, but for <c>--quick</c>, which has none and comes first wherever it stands: whatever else is said counts.</summary>
    /// <param name="benchmark">Its name, for messages.</param>
    /// <param name="arguments">What stands behind it.</param>
    /// <param name="options">Those with a value.</param>
    /// <exception cref="FormatException">An option is none of them, or has no value.</exception>
    public static IEnumerable<(string Option, string Value)> Pairs(string benchmark, IReadOnlyList<string> arguments, IReadOnlyList<string> options)
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

            yield return (option, ++i < arguments.Count ? arguments[i] : throw new FormatException($"{option} needs a value; see ./broadcast bench {benchmark} --help."));
        }
    }

    /// <summary>Reads <c>--only</c>: some of the parts, in the order in which they run.</summary>
    /// <exception cref="FormatException">There is no such part.</exception>
    public static IReadOnlyList<string> Parts(string value, IReadOnlyList<string> all)
    {
        var asked = value.Split(',', StringSplitOptions.TrimEntries);
        return asked.FirstOrDefault(p => !all.Contains(p)) is { } unknown
            ? throw new FormatException($"--only: there is no part '{unknown}': {string.Join(", ", all)}.")
            : [.. all.Where(asked.Contains)];
    }

    /// <summary>Reads a whole number.</summary>
    /// <exception cref="FormatException">It is none, or out of range.</exception>
    public static int Number(string option, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{option}: '{text}' is not a whole number from {least} to {most}.");
}
