/// The name in `names` that `word` was most likely meant to be: at most two letters changed, added, left out or swapped,
/// and less than half of the word.
func closest(to word: String, in names: [String]) -> String? {
    let best = names.map { (name: $0, distance: editDistance(word, $0)) }.min { $0.distance < $1.distance }
    guard let best, best.distance <= 2, best.distance * 2 < max(word.count, 2) else { return nil }
    return best.name
}

/// The number of single-letter edits from one word to the other, a swap of neighbours counting as one.
private func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.prefix(64))
    let right = Array(right.prefix(64))
    var rows = [Array(0...right.count)]
    for (row, letter) in left.enumerated() {
        var line = [row + 1]
        for (column, other) in right.enumerated() {
            let above = rows[row]
            var cost = min(above[column] + (letter == other ? 0 : 1), min(above[column + 1], line[column]) + 1)
            if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                cost = min(cost, rows[row - 1][column - 1] + 1)
            }
            line.append(cost)
        }
        rows.append(line)
    }
    return rows[left.count][right.count]
}
